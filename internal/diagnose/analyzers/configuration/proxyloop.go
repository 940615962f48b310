package configuration

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// ProxyLoop recognises i-proxy-loop: the gateway sends requests to itself.
var ProxyLoop = inference.Analyzer{
	Name: "i-proxy-loop", Requires: inference.Trace,
	Doc: "the requests that the gateway sends to a member come back to it as requests of a client, with the transaction that it sent them with",
	Run: proxyLoop,
}

// proxyLoop: a pool leads back to the gateway itself. Every request then makes another one, until something gives way;
// the member that seems to have failed is the gateway itself.
func proxyLoop(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Own && e.Tried }), (*traffic.Event).Key)
	for _, k := range keys {
		m := c.Traffic.Member(k)
		if m.Looped < stats.MinEvents || 2*m.Looped < m.Attempts {
			continue
		}
		f := c.Claim("i-proxy-loop", groups[k], inference.ScopeOf(groups[k]), report.High)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d of %d requests to %s came back to the gateway as requests of a client while the first waited",
				m.Looped, m.Attempts, k.Member), groups[k]...)
		f.SetExpected("gateway", len(groups[k]), len(groups[k]), "exact", "with the pool pointing at the servers none of them loops")
		c.Expand(map[string]string{"address": k.Server.String()}, f)
	}
}

// MembersAsClients says of clients who left and have the address of a member that they may be the gateway itself.
func MembersAsClients(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool { return e.Fault.Side == fault.Client && c.FromMember(e) })
	if len(events) > 0 {
		c.Suspect(events, "these clients have the address of a member: find out whether the member calls the gateway, or whether requests come back to it", "i-proxy-loop", "j-client-abort", "j-client-timer-spike")
	}
}
