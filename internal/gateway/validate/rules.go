package validate

import (
	"fmt"
	"net/url"
	"strings"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
)

func (c *checker) priorities() {
	given, owner := 0, map[int]string{}
	for i, r := range c.cfg.Rules {
		if !c.given("requestRoutingRules", i).Has("priority") {
			continue
		}
		given++
		if first, taken := owner[r.Priority]; taken {
			c.Error(at("requestRoutingRules", i, "priority"), "ApplicationGatewayRequestRoutingRuleDuplicatePriority",
				"give each rule a priority of its own",
				"%s and %s both have priority %d", named("rule", first), named("rule", r.Name), r.Priority)
			continue
		}
		owner[r.Priority] = r.Name
	}
	for i, r := range c.cfg.Rules {
		path, has := at("requestRoutingRules", i, "priority"), c.given("requestRoutingRules", i).Has("priority")
		switch {
		case c.cfg.V1() && has:
			c.Warn(path, "ApplicationGatewayRequestRoutingRulePriorityIgnored", "order the rules themselves",
				"v1 tries rules in the order of the list and knows no priority")
		case c.cfg.V1() || has:
		case given > 0:
			c.Error(path, "ApplicationGatewayRequestRoutingRulePartialPriorityDefined",
				"give every rule a priority from 1 to 20000, 1 first",
				"%s has no priority, though others have one", named("rule", r.Name))
		default:
			c.Warn(path, "ApplicationGatewayRequestRoutingRulePriorityCannotBeEmpty", "give every rule a priority from 1 to 20000, 1 first",
				"%s has no priority; Azure refuses that since API 2021-08-01, Causeway tries exact hosts, then wildcards, then basic listeners",
				named("rule", r.Name))
		}
	}
}

func (c *checker) rules() {
	owner := map[string]string{}
	for i, r := range c.cfg.Rules {
		if first, taken := owner[strings.ToLower(r.Listener)]; taken && r.Listener != "" {
			c.Error(at("requestRoutingRules", i, "httpListener"), "ApplicationGatewayHttpListenerUsedByMultipleRequestRoutingRules",
				"give each rule a listener of its own",
				"%s is already used by %s", named("listener", r.Listener), named("rule", first))
		} else {
			owner[strings.ToLower(r.Listener)] = r.Name
		}
		who, path := named("rule", r.Name), at("requestRoutingRules", i, "")+".properties"
		if p := c.given("requestRoutingRules", i); p != nil && !p.Has("ruleType") {
			c.Warn(path+".ruleType", "ApplicationGatewayRequestRoutingRuleRuleTypeCannotBeEmpty", "write it, Basic or PathBasedRouting",
				"%s has no ruleType; %s is taken, as in Azure", who, r.Type)
		}
		if r.Type == "PathBasedRouting" {
			c.pathBased(r, who, path)
			continue
		}
		c.target(r.Target, who, path, "ApplicationGatewayRequestRoutingRule", "")
		if r.PathMap != "" {
			c.Error(path+".urlPathMap", "ApplicationGatewayRequestRoutingRuleBasicCannotReferenceUrlPathMap",
				"set ruleType to PathBasedRouting, or remove it",
				"%s is Basic and has a path map", who)
		}
	}
}

func (c *checker) pathBased(r gateway.Rule, who, path string) {
	if r.PathMap == "" {
		c.Error(path+".urlPathMap", "ApplicationGatewayRequestRoutingRuleUrlPathMapCannotBeEmpty", "add a reference to one of urlPathMaps",
			"%s is path-based and has no path map", who)
	}
	if t := r.Target; t.Pool != "" || t.Settings != "" || t.Redirect != "" {
		c.Warn(path, "ApplicationGatewayRequestRoutingRuleTargetIgnored", "remove them; the path map decides",
			"%s is path-based, so its own pool, settings or redirect have no effect", who)
	}
}

// target checks that there is a pool with settings, or a redirect, and not both. Prefix is "default" in a path map.
func (c *checker) target(t gateway.Target, who, path, code, prefix string) {
	key := func(name string) string {
		if prefix != "" {
			name = prefix + strings.ToUpper(name[:1]) + name[1:]
		}
		return path + "." + name
	}
	switch {
	case t.Redirect != "" && (t.Pool != "" || t.Settings != ""):
		c.Error(key("redirectConfiguration"), code+"RedirectAndBackendConflict", "keep either the redirect, or pool and settings",
			"%s has a redirect and a backend", who)
	case t.Redirect != "":
	case t.Pool == "" && t.Settings == "":
		c.Error(path, code+"TargetCannotBeEmpty", "add a pool with settings, or a redirect", "%s leads nowhere", who)
	case t.Pool == "":
		c.Error(key("backendAddressPool"), code+"BackendAddressPoolCannotBeEmpty", "add the pool", "%s has settings and no pool", who)
	case t.Settings == "":
		c.Error(key("backendHttpSettings"), code+"BackendHttpSettingsCannotBeEmpty", "add the settings",
			"%s has a pool and no settings", who)
	}
}

func (c *checker) pathMaps() {
	for i, m := range c.cfg.PathMaps {
		who, path := named("path map", m.Name), at("urlPathMaps", i, "")+".properties"
		c.target(m.Default, who, path, "ApplicationGatewayUrlPathMapDefault", "default")
		if len(m.Rules) == 0 {
			c.Warn(path+".pathRules", "ApplicationGatewayUrlPathMapPathRulesEmpty", "add path rules, or make the rule Basic",
				"%s has no path rule; everything takes its default", who)
		}
		for j, r := range m.Rules {
			rule := fmt.Sprintf("%s.pathRules[%d].properties", path, j)
			c.target(r.Target, named("path rule", r.Name), rule, "ApplicationGatewayPathRule", "")
			for k, p := range r.Paths {
				if err := checkPathPattern(p, c.cfg.V1()); err != nil {
					c.Error(fmt.Sprintf("%s.paths[%d]", rule, k), "ApplicationGatewayPathRulePathInvalid",
						"write patterns such as /images/* or /login",
						"%v", err)
				}
			}
		}
		if len(m.Rules) <= 100 {
			c.shadowedPaths(m, path)
		}
	}
}

// shadowedPaths warns of patterns that an earlier one always beats: the first listed wins, not the most specific.
func (c *checker) shadowedPaths(m gateway.PathMap, path string) {
	type pattern struct{ text, rule string }
	var earlier []pattern
	for j, r := range m.Rules {
		for k, p := range r.Paths {
			for _, first := range earlier {
				if pathCovers(first.text, p) {
					c.Warn(fmt.Sprintf("%s.pathRules[%d].properties.paths[%d]", path, j, k), "ApplicationGatewayPathRulePathShadowed",
						"list the more specific path first",
						"%s is never matched: %s of %s comes first", schema.Quote(p), schema.Quote(first.text),
						named("path rule", first.rule))
					break
				}
			}
			if len(earlier) < 1000 {
				earlier = append(earlier, pattern{p, r.Name})
			}
		}
	}
}

func (c *checker) redirects() {
	for i, r := range c.cfg.Redirects {
		path := func(property string) string { return at("redirectConfigurations", i, property) }
		who := named("redirect", r.Name)
		switch {
		case r.TargetListener != "" && r.TargetURL != "":
			c.Error(path("targetUrl"), "ApplicationGatewayRedirectConfigurationTargetConflict", "keep one of them",
				"%s has a target listener and a target URL", who)
		case r.TargetListener == "" && r.TargetURL == "":
			c.Error(path(""), "ApplicationGatewayRedirectConfigurationTargetCannotBeEmpty", "add targetListener or targetUrl",
				"%s has no target",
				who)
		}
		if u, err := url.Parse(r.TargetURL); r.TargetURL != "" && (err != nil || u.Host == "" ||
			u.Scheme != "http" && u.Scheme != "https") {
			c.Error(path("targetUrl"), "ApplicationGatewayRedirectConfigurationTargetUrlInvalid", "write https://host/path",
				"%s is not an absolute http or https URL", schema.Quote(r.TargetURL))
		}
		if l := c.cfg.Listener(r.TargetListener); l != nil && (len(l.HostNames) > 1 ||
			len(l.HostNames) == 1 && isWildcard(l.HostNames[0])) {
			c.Error(path("targetListener"), "ApplicationGatewayRedirectConfigurationTargetListenerInvalid",
				"use targetUrl, or a listener with one plain host name",
				"%s leads to %s, which has a wildcard or several host names, so no address can be made", who, named("listener", l.Name))
		}
	}
}

// redirectLoops follows whole listeners that redirect to listeners.
func (c *checker) redirectLoops() {
	next := map[string]string{}
	for _, r := range c.cfg.Rules {
		if red := c.cfg.Redirect(r.Target.Redirect); r.Type == "Basic" && red != nil && red.TargetListener != "" {
			next[strings.ToLower(r.Listener)] = strings.ToLower(red.TargetListener)
		}
	}
	onCycle := cycles(next)
	for i, r := range c.cfg.Rules {
		if r.Type == "Basic" && onCycle[strings.ToLower(r.Listener)] {
			c.Warn(at("requestRoutingRules", i, "redirectConfiguration"), "ApplicationGatewayRedirectConfigurationLoop",
				"redirect to a listener whose rule leads to a pool",
				"%s redirects in a circle: its target leads back to %s", named("rule", r.Name), named("listener", r.Listener))
		}
	}
}

// cycles returns the nodes that come back to themselves, in one walk over each.
func cycles(next map[string]string) map[string]bool {
	onCycle, walked := map[string]bool{}, map[string]int{}
	walk := 0
	for start := range next {
		walk++
		node := start
		for ; node != "" && walked[node] == 0; node = next[node] {
			walked[node] = walk
		}
		if node == "" || walked[node] != walk {
			continue
		}
		for n := node; !onCycle[n]; n = next[n] {
			onCycle[n] = true
		}
	}
	return onCycle
}
