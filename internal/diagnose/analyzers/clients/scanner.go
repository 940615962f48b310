package clients

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// Scanner recognises j-scanner: robots and scanners.
var Scanner = inference.Analyzer{
	Name: "j-scanner", Requires: inference.Log,
	Doc: "a few addresses send most of the requests that no gateway would serve, for many different paths or hosts",
	Run: scanner,
}

// scanner: programs that look for holes request what no site has.
func scanner(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		return e.Fault.Side == "client" && (e.Fault.Phase == "request" || e.Fault.Phase == "route" || e.Fault.Phase == "handshake") &&
			e.Fault.Kind != "closed" && e.Fault.Kind != "reset" && e.Fault.Kind != "timeout"
	})
	clients, byClient := traffic.GroupBy(events, func(e *traffic.Event) string { return e.Client.String() })
	for _, id := range clients {
		mine := byClient[id]
		kinds, _ := traffic.GroupBy(mine, func(e *traffic.Event) string { return e.Host + " " + e.Path + " " + string(e.Fault.Kind) })
		if len(mine) < 2*stats.MinEvents || len(kinds) < 2*stats.MinEvents {
			continue
		}
		f := c.ClaimMore("j-scanner", mine, report.Scope{}, report.High)
		f.AddEvidence("access-log",
			fmt.Sprintf("%s sent %d requests that the gateway refused, for %d different hosts and paths; its user agent is %q", id,
				len(mine),
				len(kinds), mine[0].Agent), mine...)
		c.Expand(map[string]string{"client": id}, f)
	}
}
