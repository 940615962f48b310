package network

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// Route recognises b-route: there is no route to the member.
var Route = inference.Analyzer{
	Name: "b-route", Requires: inference.Trace,
	Doc: "the kernel reports that it cannot reach the host or its network",
	Run: noRoute,
}

// noRoute: the kernel reported that it cannot reach the member.
func noRoute(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(inference.Is(fault.Network, fault.Connect, fault.Unreachable)), (*traffic.Event).Key)
	for _, k := range keys {
		events := groups[k]
		f := c.Claim("b-route", events, inference.ScopeOf(events), report.Medium)
		f.AddEvidence("access-log", fmt.Sprintf("%d attempts to connect to %s ended with %s", len(events), k.Server, events[0].Fault.Errno),
			events...)
		f.AddRivals("b-reject")
		c.Expand(map[string]string{"address": k.Server.String()}, f)
	}
}
