package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"causeway/internal/gateway"
)

var wrongPools = hypothesis{
	cause: "i-wrong-pool", needs: theLog | theDocument,
	test: "requests fail at the default pool of a path map, and a path rule misses them by a wildcard that its pattern lacks",
	look: wrongPool,
}

// wrongPool: a path falls through to the default pool, which is not where it belongs. That shows in the document: a path
// rule names the very path, and its pattern stops too early.
func wrongPool(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.visible && e.fault.Side != "client" }), (*event).route)
	for _, k := range keys {
		events := groups[k]
		r := q.route(k)
		in, rule, pattern := q.missedBy(events[0], k.path)
		if rule == nil || len(events) < 3 || r.answered > 0 {
			continue
		}
		f := q.claim("i-wrong-pool", events, scopeOf(events), High)
		f.says("access-log", fmt.Sprintf("%d requests for %s went to pool %s by default, and none of them was ever answered", len(events), k.path, events[0].pool), events...)
		f.says("configuration", fmt.Sprintf("path rule %q leads %s to pool %s, and does not cover what is below: its pattern has no wildcard", rule.Name, pattern, rule.Target.Pool))
		f.excludes("k-backend-5xx", "other paths of the same kind are led elsewhere")
		f.expect("gateway", len(events), len(events), "bounded", "with the path led to its own pool; whether that one answers is another question")
		f.Fixes[0] = widened(in, rule, pattern, f.Fixes[0].Expected)
		q.fill(map[string]string{}, f)
	}
}

// widened lets a path rule cover what is below its pattern.
func widened(in *gateway.PathMap, rule *gateway.PathRule, pattern string, expected Expected) Fix {
	below := strings.TrimSuffix(pattern, "/") + "/*"
	paths := "'" + strings.Join(append(slices.Clone(rule.Paths), below), "' '") + "'"
	here := fmt.Sprintf(" -g {group} --gateway-name {gateway} --path-map-name %s -n %s", in.Name, rule.Name)
	return Fix{
		Side: "gateway", Change: fmt.Sprintf("let path rule %s of path map %s cover %s as well", rule.Name, in.Name, below), Expected: expected,
		Commands: Commands{
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
func (q *inquiry) missedBy(e *event, path string) (*gateway.PathMap, *gateway.PathRule, string) {
	for i := range q.config.PathMaps {
		m := &q.config.PathMaps[i]
		if !strings.EqualFold(m.Default.Pool, e.pool) {
			continue
		}
		for j := range m.Rules {
			r := &m.Rules[j]
			if strings.EqualFold(r.Target.Pool, e.pool) {
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
