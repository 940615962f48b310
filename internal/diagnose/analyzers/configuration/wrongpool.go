package configuration

import (
	"fmt"
	"slices"
	"strings"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/gateway"
	"causeway/internal/report"
)

// WrongPool recognises i-wrong-pool: requests go to another pool than meant.
var WrongPool = inference.Analyzer{
	Name: "i-wrong-pool", Requires: inference.Log | inference.Document,
	Doc: "requests fail at the default pool of a path map, and a path rule misses them by a wildcard that its pattern lacks",
	Run: wrongPool,
}

// wrongPool: a path falls through to the default pool, which is not where it belongs. That shows in the document: a path
// rule names the very path, and its pattern stops too early.
func wrongPool(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Visible && e.Fault.Side != "client" }),
		(*traffic.Event).Route)
	for _, k := range keys {
		events := groups[k]
		r := c.Traffic.Route(k)
		in, rule, pattern := missedBy(c, events[0], k.Path)
		if rule == nil || len(events) < 3 || r.Answered > 0 {
			continue
		}
		f := c.Claim("i-wrong-pool", events, inference.ScopeOf(events), report.High)
		f.AddEvidence("access-log", fmt.Sprintf("%d requests for %s went to pool %s by default, and none of them was ever answered",
			len(events),
			k.Path, events[0].Pool), events...)
		f.AddEvidence("configuration",
			fmt.Sprintf("path rule %q sends %s to pool %s, and does not cover what is below: its pattern has no wildcard", rule.Name,
				pattern, rule.Target.Pool))
		f.RuleOut("k-backend-5xx", "similar paths go to another pool")
		f.SetExpected("gateway", len(events), len(events), "bounded",
			"with the path sent to its own pool; whether that one answers is another question")
		f.Fixes[0] = widened(in, rule, pattern, f.Fixes[0].Expected)
		c.Expand(map[string]string{}, f)
	}
}

// widened lets a path rule cover what is below its pattern.
func widened(in *gateway.PathMap, rule *gateway.PathRule, pattern string, expected report.Expected) report.Fix {
	below := strings.TrimSuffix(pattern, "/") + "/*"
	paths := "'" + strings.Join(append(slices.Clone(rule.Paths), below), "' '") + "'"
	here := fmt.Sprintf(" -g {group} --gateway-name {gateway} --path-map-name %s -n %s", in.Name, rule.Name)
	return report.Fix{
		Side: "gateway", Change: fmt.Sprintf("let path rule %s of path map %s cover %s as well", rule.Name, in.Name, below),
		Expected: expected,
		Commands: report.Commands{
			AzCLI: fmt.Sprintf("az network application-gateway url-path-map rule delete%s && az network application-gateway url-path-map rule create%s --paths %s --address-pool %s --http-settings %s",
				here, here, paths, rule.Target.Pool, rule.Target.Settings),
			PowerShell: fmt.Sprintf("$gw = Get-AzApplicationGateway -Name {gateway} -ResourceGroupName {group}; $rule = ($gw.UrlPathMaps | Where-Object Name -eq %s).PathRules | Where-Object Name -eq %s; $rule.Paths.Add('%s'); Set-AzApplicationGateway -ApplicationGateway $gw",
				in.Name, rule.Name, below),
			Portal:   fmt.Sprintf("Rules > the rule of path map %s > Backend targets > %s > Path", in.Name, rule.Name),
			Causeway: fmt.Sprintf("add %q to paths of path rule %s in the document, then causeway config apply FILE", below, rule.Name),
		},
	}
}

// missedBy is the path rule that would have matched if its pattern went on, for a request that the default pool of a path
// map got.
func missedBy(c *inference.Case, e *traffic.Event, path string) (*gateway.PathMap, *gateway.PathRule, string) {
	for i := range c.Traffic.Config.PathMaps {
		m := &c.Traffic.Config.PathMaps[i]
		if !strings.EqualFold(m.Default.Pool, e.Pool) {
			continue
		}
		for j := range m.Rules {
			r := &m.Rules[j]
			if strings.EqualFold(r.Target.Pool, e.Pool) {
				continue
			}
			for _, p := range r.Paths {
				if !strings.Contains(p, "*") && strings.HasPrefix(strings.ToLower(path), strings.ToLower(strings.TrimSuffix(p, "/")+"/")) {
					return m, r, p
				}
			}
		}
	}
	return nil, nil, ""
}
