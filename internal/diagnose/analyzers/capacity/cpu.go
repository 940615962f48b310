// Package capacity holds the analyzers of groups g and h: members and gateways that are too busy.
package capacity

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// CPU recognises h-cpu: the gateway itself is short of processors.
var CPU = inference.Analyzer{
	Name: "h-cpu", Requires: inference.Metrics,
	Doc: "the processors of the gateway are busy above 90 %, and failures at all pools lie in those minutes",
	Run: gatewayCPU,
}

// gatewayCPU: a gateway of the first generation has a fixed number of instances of one size; their processors are full.
func gatewayCPU(c *inference.Case) {
	m := c.Traffic.Metric("CpuUtilization")
	if m == nil {
		return
	}
	busy := inference.Periods(m, 90)
	minutes := 0
	for _, p := range busy {
		minutes += p.Points
	}
	if minutes < 3 {
		return
	}
	events := c.Unclaimed(inference.GatewayMade)
	inside, chance := c.Together(events, busy)
	fact := fmt.Sprintf("CpuUtilization was 90 %% or more for %d minutes, first at %s", minutes, units.Stamp(busy[0].From))
	if len(inside) < stats.MinEvents || chance >= stats.Significance || 2*len(inside) < len(events) {
		f := c.Note("h-cpu", nil, report.Scope{}, report.Low)
		f.AddEvidence("metrics", fact)
		c.Expand(map[string]string{}, f)
		return
	}
	if fullBesides(c, "h-cpu", fact, inside, busy) {
		return
	}
	f := c.Claim("h-cpu", inside, report.Scope{}, report.Medium)
	f.AddEvidence("metrics", fact)
	f.AddEvidence("access-log", fmt.Sprintf("%d of %d failures that nothing else explains lie in those minutes", len(inside), len(events)),
		inside...)
	f.AddRivals("g-cpu-queueing", "h-waf-latency")
	f.SetExpected("gateway", 0, len(inside), "bounded", "more instances, or larger ones, share the work")
	c.Expand(map[string]string{}, f)
}
