package validate

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

func (c *checker) customErrors() {
	c.errorPages("properties.customErrorConfigurations", c.props.List("customErrorConfigurations"))
	c.each(httpListeners, func(i int, _ string, p *schema.Object) {
		c.errorPages(at(httpListeners, i, "customErrorConfigurations"), p.List("customErrorConfigurations"))
	})
}

func (c *checker) errorPages(path string, items []any) {
	seen := map[string]bool{}
	for i, item := range items {
		o, _ := item.(*schema.Object)
		at := fmt.Sprintf("%s[%d]", path, i)
		status, page := o.Text("statusCode"), o.Text("customErrorPageUrl")
		if status != "" && seen[status] {
			c.Error(at+".statusCode", "ApplicationGatewayCustomErrorDuplicateStatusCode", "keep one page for each status",
				"%s has a page already",
				schema.Quote(status))
		}
		seen[status] = true
		if page == "" {
			continue // reported as missing
		}
		u, err := url.Parse(page)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" ||
			!strings.HasSuffix(strings.ToLower(u.Path), ".htm") && !strings.HasSuffix(strings.ToLower(u.Path), ".html") {
			c.Error(at+".customErrorPageUrl", "ApplicationGatewayCustomErrorPageUrlInvalid",
				"write an http or https address that ends in .htm or .html",
				"%s is not the address of a page", schema.Quote(page))
		}
	}
}

func (c *checker) rewriteSets() {
	reroutes := map[string]bool{}
	c.each("rewriteRuleSets", func(i int, name string, p *schema.Object) {
		path := at("rewriteRuleSets", i, "rewriteRules")
		conditions, actions, guarded := 0, 0, false
		for j, item := range p.List("rewriteRules") {
			o, _ := item.(*schema.Object)
			rule := fmt.Sprintf("%s[%d]", path, j)
			conditions += len(o.List("conditions"))
			actions += c.rewriteActions(o.Object("actionSet"), rule+".actionSet")
			c.rewriteConditions(o, rule)
			reroute := o.Bool("actionSet", "urlConfiguration", "reroute")
			reroutes[strings.ToLower(name)] = reroutes[strings.ToLower(name)] || reroute
			guarded = guarded || !reroute || len(o.List("conditions")) > 0
		}
		c.atMost(path, conditions, 40, "conditions of a rewrite set")
		c.atMost(path, actions, 40, "header or URL configurations of a rewrite set")
		if reroutes[strings.ToLower(name)] && !guarded {
			c.Error(path, "ApplicationGatewayRewriteRuleSetReevaluationLoop", "add a condition, or a rule without reroute",
				"every rule of %s evaluates the path map again, without a condition", named("rewrite set", name))
		}
	})
	for i, r := range c.cfg.Rules {
		if r.Type == "Basic" && reroutes[strings.ToLower(r.Target.RewriteSet)] {
			c.Error(at("requestRoutingRules", i, "rewriteRuleSet"), "ApplicationGatewayRewriteRuleSetRerouteNeedsPathBasedRule",
				"set reroute to false, or make the rule path-based",
				"%s is Basic, and %s evaluates a path map again", named("rule", r.Name), named("rewrite set", r.Target.RewriteSet))
		}
	}
}

func (c *checker) rewriteConditions(rule *schema.Object, path string) {
	for k, item := range rule.List("conditions") {
		o, _ := item.(*schema.Object)
		at := fmt.Sprintf("%s.conditions[%d]", path, k)
		c.pattern(at+".pattern", o.Text("pattern"))
		v := o.Text("variable")
		if v != "" && !strings.HasPrefix(v, "http_req_") && !strings.HasPrefix(v, "http_resp_") && !strings.HasPrefix(v, "var_") {
			c.Error(at+".variable", "ApplicationGatewayRewriteRuleConditionVariableInvalid",
				"write http_req_NAME, http_resp_NAME or var_NAME",
				"%s is no variable", schema.Quote(v))
		}
	}
}

// rewriteActions checks the headers that an action touches and counts the configurations.
func (c *checker) rewriteActions(set *schema.Object, path string) int {
	count := 0
	for _, kind := range []string{"requestHeaderConfigurations", "responseHeaderConfigurations"} {
		for k, item := range set.List(kind) {
			o, _ := item.(*schema.Object)
			count++
			at, header := fmt.Sprintf("%s.%s[%d]", path, kind, k), o.Text("headerName")
			c.pattern(at+".headerValueMatcher.pattern", o.Text("headerValueMatcher", "pattern"))
			switch strings.ToLower(header) {
			case "connection", "upgrade":
				c.Error(at+".headerName", "ApplicationGatewayRewriteRuleHeaderNotAllowed", "remove the action",
					"%s belongs to the connection and cannot be rewritten", header)
			case "host":
				if kind == "requestHeaderConfigurations" && o.Text("headerValue") == "" {
					c.Error(at+".headerValue", "ApplicationGatewayRewriteRuleHostCannotBeDeleted", "give a value",
						"the Host header cannot be deleted")
				}
			}
			if header != "" && !schema.IsToken(header) {
				c.Error(at+".headerName", "ApplicationGatewayRewriteRuleHeaderNameInvalid", "write the name of a header",
					"%s is not the name of a header", schema.Quote(header))
			}
		}
	}
	if set.Has("urlConfiguration") {
		count++
	}
	return count
}

func (c *checker) pattern(path, pattern string) {
	if _, err := regexp.Compile(pattern); err != nil {
		c.Error(path, "ApplicationGatewayRewriteRulePatternInvalid", "use the syntax of RE2, without look-around",
			"not a regular expression: %v",
			err)
	}
}

func (c *checker) firewall() {
	if c.cfg.SKU.Tier == "" {
		return // reported as missing
	}
	waf := strings.HasPrefix(c.cfg.SKU.Tier, "WAF")
	inline, policy := c.props.Has("webApplicationFirewallConfiguration"), c.props.Has("firewallPolicy")
	const code, hint = "ApplicationGatewayFirewallRequiresWafTier", "choose a WAF tier, or remove it"
	if w := c.props.Object("webApplicationFirewallConfiguration"); w.Bool("enabled") && w.Text("ruleSetVersion") == "" {
		c.Warn("properties.webApplicationFirewallConfiguration.ruleSetVersion",
			"ApplicationGatewayWebApplicationFirewallConfigurationRuleSetVersionCannotBeEmpty",
			"write the version that the gateway has, such as 3.2", "no version of the rule set is given; Azure chooses one")
	}
	if inline && !waf && c.props.Bool("webApplicationFirewallConfiguration", "enabled") {
		c.Error("properties.webApplicationFirewallConfiguration", code, hint, "the tier %s has no firewall", c.cfg.SKU.Tier)
	}
	if policy && c.cfg.SKU.Tier != "WAF_v2" {
		c.Error("properties.firewallPolicy", code, "choose the tier WAF_v2, or remove it", "the tier %s takes no firewall policy",
			c.cfg.SKU.Tier)
	}
	attached := func(path, who string, p *schema.Object) {
		if p.Has("firewallPolicy") && c.cfg.SKU.Tier != "WAF_v2" {
			c.Error(path, code, "choose the tier WAF_v2, or remove it", "%s has a firewall policy, which the tier %s does not take", who,
				c.cfg.SKU.Tier)
		}
	}
	c.each(httpListeners, func(i int, name string, p *schema.Object) {
		attached(at(httpListeners, i, "firewallPolicy"), named("listener", name), p)
	})
	c.each("urlPathMaps", func(i int, _ string, p *schema.Object) {
		for j, item := range p.List("pathRules") {
			o, _ := item.(*schema.Object)
			attached(fmt.Sprintf("%s[%d].properties.firewallPolicy", at("urlPathMaps", i, "pathRules"), j),
				named("path rule", o.Text("name")),
				o.Props())
		}
	})
	if waf && !inline && !policy {
		c.Warn("properties.firewallPolicy", "ApplicationGatewayFirewallNotConfigured", "add firewallPolicy",
			"the tier is %s and no firewall is configured", c.cfg.SKU.Tier)
	}
}

func (c *checker) jwt() {
	c.each("entraJWTValidationConfigs", func(i int, _ string, p *schema.Object) {
		c.atMost(at("entraJWTValidationConfigs", i, "audiences"), len(p.List("audiences")), 5, "audiences")
	})
	c.each("requestRoutingRules", func(i int, name string, p *schema.Object) {
		if !p.Has("entraJWTValidationConfig") {
			return
		}
		if l := c.cfg.Listener(schema.LastSegment(p.Text("httpListener", "id"))); l != nil && l.Protocol == "Http" {
			c.Error(at("requestRoutingRules", i, "entraJWTValidationConfig"), "ApplicationGatewayEntraJWTValidationRequiresHttps",
				"use an Https listener",
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
	c.each("listeners", func(i int, name string, p *schema.Object) {
		l := gateway.Listener{
			FrontendIP:   schema.LastSegment(p.Text("frontendIPConfiguration", "id")),
			FrontendPort: schema.LastSegment(p.Text("frontendPort", "id")),
		}
		c.layer4TLS(i, name, p)
		e, ok := c.endpointOf(&l)
		if !ok {
			return
		}
		const clash = "ApplicationGatewayListenersUsingSameFrontendPortAndFrontendIpConfig"
		if other, used := web[e]; used {
			c.Error(at("listeners", i, "frontendPort"), clash, "give one of them another port", "%s and %s share port %d",
				named("listener", name),
				named("HTTP listener", other), e.port)
		}
		if other, used := taken[e]; used && len(p.List("hostNames")) == 0 {
			c.Error(at("listeners", i, "frontendPort"), clash, "give one of them another port", "%s and %s share port %d",
				named("listener", name),
				named("listener", other), e.port)
		}
		taken[e] = name
	})
	c.layer4Rules()
}

func (c *checker) layer4TLS(i int, name string, p *schema.Object) {
	tls, cert := p.Text("protocol") == "Tls", p.Has("sslCertificate")
	switch {
	case tls && !cert:
		c.Error(at("listeners", i, "sslCertificate"), "ApplicationGatewayListenerMustReferenceSslCertificate",
			"add a reference to one of sslCertificates",
			"%s is Tls and has no certificate", named("listener", name))
	case !tls && (cert || p.Has("sslProfile")):
		c.Error(at("listeners", i, "sslCertificate"), "ApplicationGatewayListenerCannotReferenceSslCertificate",
			"remove it, or set protocol to Tls",
			"%s is Tcp and has a certificate or TLS profile", named("listener", name))
	case !tls && len(p.List("hostNames")) > 0:
		c.Error(at("listeners", i, "hostNames"), "ApplicationGatewayListenerHostNamesNeedTls", "remove them, or set protocol to Tls",
			"%s is Tcp, which carries no host name", named("listener", name))
	}
	for j, h := range p.Texts("hostNames") {
		c.hostPattern(fmt.Sprintf("%s[%d]", at("listeners", i, "hostNames"), j), h)
	}
}

func (c *checker) layer4Rules() {
	priorities, listeners := map[int]string{}, map[string]string{}
	c.each("routingRules", func(i int, name string, p *schema.Object) {
		if first, used := priorities[p.Int("priority")]; used && p.Has("priority") {
			c.Error(at("routingRules", i, "priority"), "ApplicationGatewayRoutingRuleDuplicatePriority",
				"give each rule a priority of its own",
				"%s and %s both have priority %d", named("rule", first), named("rule", name), p.Int("priority"))
		}
		priorities[p.Int("priority")] = name
		l := c.names.Spelled("listeners", p.Text("listener", "id"))
		if first, used := listeners[l]; used && l != "" {
			c.Error(at("routingRules", i, "listener"), "ApplicationGatewayListenerUsedByMultipleRoutingRules",
				"give each rule a listener of its own",
				"%s is already used by %s", named("listener", l), named("rule", first))
		}
		listeners[l] = name
	})
	c.each("backendSettingsCollection", func(i int, name string, p *schema.Object) {
		probe := c.cfg.Probe(schema.LastSegment(p.Text("probe", "id")))
		if probe != nil && probe.Protocol != p.Text("protocol") {
			c.Error(at("backendSettingsCollection", i, "probe"), "ApplicationGatewayProbeProtocolMustMatchBackendSettingsProtocol",
				"give both the same protocol",
				"%s speaks %s and %s speaks %s", named("probe", probe.Name), probe.Protocol, named("settings", name), p.Text("protocol"))
		}
		if p.Text("hostName") != "" && p.Bool("pickHostNameFromBackendAddress") {
			c.Error(at("backendSettingsCollection", i, "hostName"), "ApplicationGatewayBackendSettingsHostNameConflict", "keep one of them",
				"hostName and pickHostNameFromBackendAddress exclude each other")
		}
	})
}
