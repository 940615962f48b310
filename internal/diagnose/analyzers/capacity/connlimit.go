package capacity

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/sizing"
	"causeway/internal/units"
)

// ConnLimit recognises h-conn-limit: clients hold all connections that the gateway takes.
var ConnLimit = inference.Analyzer{
	Name: "h-conn-limit", Requires: inference.Log,
	Doc: "the log of a TCP or TLS listener says that the limit of connections was reached (serverStatus 503), and the metrics do not refute it",
	Run: connectionLimit,
}

// connectionLimit: the status names the limit, and not whose it is nor how high.
func connectionLimit(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Session && e.Fault.Kind == fault.Exhausted }),
		func(e *traffic.Event) string { return e.Listener })
	for _, k := range keys {
		events := groups[k]
		top, known := c.PeakOf("CurrentConnections")
		limit := sizing.ConnectionsPerUnit * c.Traffic.MaxUnits()
		if known && limit > 0 && 2*top < limit {
			c.Suspect(events,
				fmt.Sprintf("the log says that a limit of connections was reached, and the metrics count %.0f at most where capacity allows %.0f: look for a limit of the listener's or the member's own, and for a peak shorter than a minute", top, limit),
				"h-conn-limit", "c-backend-conn-limit", "h-instance-fault")
			continue
		}
		f := c.Claim("h-conn-limit", events, inference.ScopeOf(events), report.Medium)
		f.AddEvidence("access-log", fmt.Sprintf("%s through listener %s ended with serverStatus 503: the limit of connections was reached",
			units.Count(len(events), "session", "sessions"), units.Dash(k)), events...)
		if known {
			f.AddEvidence("metrics", fmt.Sprintf("CurrentConnections reached %.0f", top))
		}
		f.AddRivals("h-capacity-max")
		f.AddOpenRivals("c-backend-conn-limit")
		c.Expand(map[string]string{}, f)
	}
}
