package capacity

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// CPUQueueing recognises g-cpu-queueing: the members are overloaded.
var CPUQueueing = inference.Analyzer{
	Name: "g-cpu-queueing", Requires: inference.Log,
	Doc: "requests run into the timeout when much traffic comes, answers are slower then on all routes, and both follow the traffic",
	Run: cpuQueueing,
}

// cpuQueueing: requests wait their turn in the members, the longer the more of them come.
func cpuQueueing(c *inference.Case) {
	events := c.Unclaimed(traffic.IsTimeout)
	_, bySettings := traffic.GroupBy(events, func(e *traffic.Event) string { return e.Settings })
	for _, settings := range units.SortedKeys(bySettings) {
		late := bySettings[settings]
		t := c.WithLoad(late)
		routes, _ := traffic.GroupBy(late, (*traffic.Event).Route)
		if !t.Rises() || t.WaitHigh < 2*t.WaitLow || len(routes) < 2 && routesUnder(c, settings) > 1 {
			continue
		}
		f := c.Claim("g-cpu-queueing", late, inference.ScopeOf(late), inference.ConfidenceOf(t.N >= 2*stats.MinEvents &&
			c.Traffic.Own > 0 && t.WaitHigh >= 3*t.WaitLow))
		f.AddEvidence("access-log",
			fmt.Sprintf("%d of the %d moments at which requests waited in vain were in the busier half of the traffic",
				t.Upper, t.N), late...)
		f.AddEvidence("access-log", fmt.Sprintf("at %.0f requests a second answers took %s on the average, at %.0f they took %s", t.Low,
			units.Seconds(t.WaitLow), t.High, units.Seconds(t.WaitHigh)))
		f.RuleOut("d-slow-route", fmt.Sprintf("it hits %d routes, and all answers are slower under load", len(routes)))
		f.RuleOut("d-hung", "lost requests do not follow load")
		f.AddRivals("g-worker-pool", "g-conn-pool-db", "g-cfs-throttle")
		f.SetExpected("backend", 0, len(late), "bounded", "how much more capacity is enough is not in the evidence")
		c.Expand(map[string]string{"address": inference.Address(late)}, f)
	}
}

func routesUnder(c *inference.Case, settings string) int {
	n := 0
	for k, r := range c.Traffic.Routes {
		if k.Settings == settings && r.Answered >= traffic.EnoughAnswers {
			n++
		}
	}
	return n
}
