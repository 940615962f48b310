package gateway

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

func (c *checker) customErrors() {
	c.errorPages("properties.customErrorConfigurations", c.props.list("customErrorConfigurations"))
	c.each(httpListeners, func(i int, _ string, p *object) {
		c.errorPages(at(httpListeners, i, "customErrorConfigurations"), p.list("customErrorConfigurations"))
	})
}

func (c *checker) errorPages(path string, items []any) {
	seen := map[string]bool{}
	for i, item := range items {
		o, _ := item.(*object)
		at := fmt.Sprintf("%s[%d]", path, i)
		status, page := o.str("statusCode"), o.str("customErrorPageUrl")
		if status != "" && seen[status] {
			c.error(at+".statusCode", "ApplicationGatewayCustomErrorDuplicateStatusCode", "keep one page for each status", "%s has a page already", shorten(status))
		}
		seen[status] = true
		if page == "" {
			continue // reported as missing
		}
		u, err := url.Parse(page)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" ||
			!strings.HasSuffix(strings.ToLower(u.Path), ".htm") && !strings.HasSuffix(strings.ToLower(u.Path), ".html") {
			c.error(at+".customErrorPageUrl", "ApplicationGatewayCustomErrorPageUrlInvalid", "write an http or https address that ends in .htm or .html",
				"%s is not the address of a page", shorten(page))
		}
	}
}

func (c *checker) rewriteSets() {
	reroutes := map[string]bool{}
	c.each("rewriteRuleSets", func(i int, name string, p *object) {
		path := at("rewriteRuleSets", i, "rewriteRules")
		conditions, actions, guarded := 0, 0, false
		for j, item := range p.list("rewriteRules") {
			o, _ := item.(*object)
			rule := fmt.Sprintf("%s[%d]", path, j)
			conditions += len(o.list("conditions"))
			actions += c.rewriteActions(o.object("actionSet"), rule+".actionSet")
			c.rewriteConditions(o, rule)
			reroute := o.bool("actionSet", "urlConfiguration", "reroute")
			reroutes[strings.ToLower(name)] = reroutes[strings.ToLower(name)] || reroute
			guarded = guarded || !reroute || len(o.list("conditions")) > 0
		}
		c.atMost(path, conditions, 40, "conditions of a rewrite set")
		c.atMost(path, actions, 40, "header or URL configurations of a rewrite set")
		if reroutes[strings.ToLower(name)] && !guarded {
			c.error(path, "ApplicationGatewayRewriteRuleSetReevaluationLoop", "add a condition, or a rule without reroute",
				"every rule of %s evaluates the path map again, without a condition", named("rewrite set", name))
		}
	})
	for i, r := range c.cfg.Rules {
		if r.Type == "Basic" && reroutes[strings.ToLower(r.Target.RewriteSet)] {
			c.error(at("requestRoutingRules", i, "rewriteRuleSet"), "ApplicationGatewayRewriteRuleSetRerouteNeedsPathBasedRule", "set reroute to false, or make the rule path-based",
				"%s is Basic, and %s evaluates a path map again", named("rule", r.Name), named("rewrite set", r.Target.RewriteSet))
		}
	}
}

func (c *checker) rewriteConditions(rule *object, path string) {
	for k, item := range rule.list("conditions") {
		o, _ := item.(*object)
		at := fmt.Sprintf("%s.conditions[%d]", path, k)
		c.pattern(at+".pattern", o.str("pattern"))
		v := o.str("variable")
		if v != "" && !strings.HasPrefix(v, "http_req_") && !strings.HasPrefix(v, "http_resp_") && !strings.HasPrefix(v, "var_") {
			c.error(at+".variable", "ApplicationGatewayRewriteRuleConditionVariableInvalid", "write http_req_NAME, http_resp_NAME or var_NAME", "%s is no variable", shorten(v))
		}
	}
}

// rewriteActions checks the headers that an action touches and counts the configurations.
func (c *checker) rewriteActions(set *object, path string) int {
	count := 0
	for _, kind := range []string{"requestHeaderConfigurations", "responseHeaderConfigurations"} {
		for k, item := range set.list(kind) {
			o, _ := item.(*object)
			count++
			at, header := fmt.Sprintf("%s.%s[%d]", path, kind, k), o.str("headerName")
			c.pattern(at+".headerValueMatcher.pattern", o.str("headerValueMatcher", "pattern"))
			switch strings.ToLower(header) {
			case "connection", "upgrade":
				c.error(at+".headerName", "ApplicationGatewayRewriteRuleHeaderNotAllowed", "remove the action", "%s belongs to the connection and cannot be rewritten", header)
			case "host":
				if kind == "requestHeaderConfigurations" && o.str("headerValue") == "" {
					c.error(at+".headerValue", "ApplicationGatewayRewriteRuleHostCannotBeDeleted", "give a value", "the Host header cannot be deleted")
				}
			}
			if header != "" && !isToken(header) {
				c.error(at+".headerName", "ApplicationGatewayRewriteRuleHeaderNameInvalid", "write the name of a header", "%s is not the name of a header", shorten(header))
			}
		}
	}
	if set.has("urlConfiguration") {
		count++
	}
	return count
}

func (c *checker) pattern(path, pattern string) {
	if _, err := regexp.Compile(pattern); err != nil {
		c.error(path, "ApplicationGatewayRewriteRulePatternInvalid", "use the syntax of RE2, without look-around", "not a regular expression: %v", err)
	}
}

func (c *checker) firewall() {
	if c.cfg.SKU.Tier == "" {
		return // reported as missing
	}
	waf := strings.HasPrefix(c.cfg.SKU.Tier, "WAF")
	inline, policy := c.props.has("webApplicationFirewallConfiguration"), c.props.has("firewallPolicy")
	const code, hint = "ApplicationGatewayFirewallRequiresWafTier", "choose a WAF tier, or remove it"
	if w := c.props.object("webApplicationFirewallConfiguration"); w.bool("enabled") && w.str("ruleSetVersion") == "" {
		c.warn("properties.webApplicationFirewallConfiguration.ruleSetVersion", "ApplicationGatewayWebApplicationFirewallConfigurationRuleSetVersionCannotBeEmpty",
			"write the version that the gateway has, such as 3.2", "no version of the rule set is given; Azure chooses one")
	}
	if inline && !waf && c.props.bool("webApplicationFirewallConfiguration", "enabled") {
		c.error("properties.webApplicationFirewallConfiguration", code, hint, "the tier %s has no firewall", c.cfg.SKU.Tier)
	}
	if policy && c.cfg.SKU.Tier != "WAF_v2" {
		c.error("properties.firewallPolicy", code, "choose the tier WAF_v2, or remove it", "the tier %s takes no firewall policy", c.cfg.SKU.Tier)
	}
	attached := func(path, who string, p *object) {
		if p.has("firewallPolicy") && c.cfg.SKU.Tier != "WAF_v2" {
			c.error(path, code, "choose the tier WAF_v2, or remove it", "%s has a firewall policy, which the tier %s does not take", who, c.cfg.SKU.Tier)
		}
	}
	c.each(httpListeners, func(i int, name string, p *object) {
		attached(at(httpListeners, i, "firewallPolicy"), named("listener", name), p)
	})
	c.each("urlPathMaps", func(i int, _ string, p *object) {
		for j, item := range p.list("pathRules") {
			o, _ := item.(*object)
			attached(fmt.Sprintf("%s[%d].properties.firewallPolicy", at("urlPathMaps", i, "pathRules"), j), named("path rule", o.str("name")), o.props())
		}
	})
	if waf && !inline && !policy {
		c.warn("properties.firewallPolicy", "ApplicationGatewayFirewallNotConfigured", "add firewallPolicy", "the tier is %s and no firewall is configured", c.cfg.SKU.Tier)
	}
}

func (c *checker) jwt() {
	c.each("entraJWTValidationConfigs", func(i int, _ string, p *object) {
		c.atMost(at("entraJWTValidationConfigs", i, "audiences"), len(p.list("audiences")), 5, "audiences")
	})
	c.each("requestRoutingRules", func(i int, name string, p *object) {
		if !p.has("entraJWTValidationConfig") {
			return
		}
		if l := c.cfg.Listener(lastSegment(p.str("httpListener", "id"))); l != nil && l.Protocol == "Http" {
			c.error(at("requestRoutingRules", i, "entraJWTValidationConfig"), "ApplicationGatewayEntraJWTValidationRequiresHttps", "use an Https listener",
				"%s validates tokens, and %s is Http", named("rule", name), named("listener", l.Name))
		}
	})
}

// layer4 checks the children that forward TCP and TLS without looking inside.
func (c *checker) layer4() {
	web := map[endpoint]string{}
	for i := range c.cfg.Listeners {
		if e, ok := c.endpointOf(&c.cfg.Listeners[i]); ok {
			web[e] = c.cfg.Listeners[i].Name
		}
	}
	taken := map[endpoint]string{}
	c.each("listeners", func(i int, name string, p *object) {
		l := Listener{
			FrontendIP:   lastSegment(p.str("frontendIPConfiguration", "id")),
			FrontendPort: lastSegment(p.str("frontendPort", "id")),
		}
		c.layer4TLS(i, name, p)
		e, ok := c.endpointOf(&l)
		if !ok {
			return
		}
		const clash = "ApplicationGatewayListenersUsingSameFrontendPortAndFrontendIpConfig"
		if other, used := web[e]; used {
			c.error(at("listeners", i, "frontendPort"), clash, "give one of them another port", "%s and %s share port %d", named("listener", name), named("HTTP listener", other), e.port)
		}
		if other, used := taken[e]; used && len(p.list("hostNames")) == 0 {
			c.error(at("listeners", i, "frontendPort"), clash, "give one of them another port", "%s and %s share port %d", named("listener", name), named("listener", other), e.port)
		}
		taken[e] = name
	})
	c.layer4Rules()
}

func (c *checker) layer4TLS(i int, name string, p *object) {
	tls, cert := p.str("protocol") == "Tls", p.has("sslCertificate")
	switch {
	case tls && !cert:
		c.error(at("listeners", i, "sslCertificate"), "ApplicationGatewayListenerMustReferenceSslCertificate", "add a reference to one of sslCertificates",
			"%s is Tls and has no certificate", named("listener", name))
	case !tls && (cert || p.has("sslProfile")):
		c.error(at("listeners", i, "sslCertificate"), "ApplicationGatewayListenerCannotReferenceSslCertificate", "remove it, or set protocol to Tls",
			"%s is Tcp and has a certificate or TLS profile", named("listener", name))
	case !tls && len(p.list("hostNames")) > 0:
		c.error(at("listeners", i, "hostNames"), "ApplicationGatewayListenerHostNamesNeedTls", "remove them, or set protocol to Tls",
			"%s is Tcp, which carries no host name", named("listener", name))
	}
	for j, h := range p.strings("hostNames") {
		c.hostPattern(fmt.Sprintf("%s[%d]", at("listeners", i, "hostNames"), j), h)
	}
}

func (c *checker) layer4Rules() {
	priorities, listeners := map[int]string{}, map[string]string{}
	c.each("routingRules", func(i int, name string, p *object) {
		if first, used := priorities[p.int("priority")]; used && p.has("priority") {
			c.error(at("routingRules", i, "priority"), "ApplicationGatewayRoutingRuleDuplicatePriority", "give each rule a priority of its own",
				"%s and %s both have priority %d", named("rule", first), named("rule", name), p.int("priority"))
		}
		priorities[p.int("priority")] = name
		l := c.names.spelled("listeners", p.str("listener", "id"))
		if first, used := listeners[l]; used && l != "" {
			c.error(at("routingRules", i, "listener"), "ApplicationGatewayListenerUsedByMultipleRoutingRules", "give each rule a listener of its own",
				"%s is already used by %s", named("listener", l), named("rule", first))
		}
		listeners[l] = name
	})
	c.each("backendSettingsCollection", func(i int, name string, p *object) {
		probe := c.cfg.Probe(lastSegment(p.str("probe", "id")))
		if probe != nil && probe.Protocol != p.str("protocol") {
			c.error(at("backendSettingsCollection", i, "probe"), "ApplicationGatewayProbeProtocolMustMatchBackendSettingsProtocol", "give both the same protocol",
				"%s speaks %s and %s speaks %s", named("probe", probe.Name), probe.Protocol, named("settings", name), p.str("protocol"))
		}
		if p.str("hostName") != "" && p.bool("pickHostNameFromBackendAddress") {
			c.error(at("backendSettingsCollection", i, "hostName"), "ApplicationGatewayBackendSettingsHostNameConflict", "keep one of them",
				"hostName and pickHostNameFromBackendAddress exclude each other")
		}
	})
}
