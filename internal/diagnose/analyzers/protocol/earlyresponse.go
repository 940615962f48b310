package protocol

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// EarlyResponse recognises e-early-response: the backend answers and closes while the body is still being sent.
var EarlyResponse = inference.Analyzer{
	Name: "e-early-response", Requires: inference.Trace,
	Doc: "the member ends the connection while the body of a request is still being sent, whenever it is larger than a certain size, and never with a smaller one",
	Run: earlyResponse,
}

// earlyResponse: the member refuses an upload before it has read it, and closes; the reset overtakes its answer.
func earlyResponse(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return e.Own && e.Tried && e.Fault.Phase == fault.Send && (e.Fault.Kind == fault.Closed || e.Fault.Kind == fault.Reset) &&
			e.Declared > 0 && e.Attempt.BytesOut < e.Declared
	}), (*traffic.Event).Route)
	for _, k := range keys {
		events := groups[k]
		if len(events) < stats.MinEvents || inference.InOneMoment(events) {
			continue
		}
		least := events[0].Declared
		for _, e := range events {
			least = min(least, e.Declared)
		}
		f := c.Claim("e-early-response", events, inference.ScopeOf(events), report.Medium)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d uploads of %d bytes or more were cut by the member while they were being sent, after %d bytes for example",
				len(events), least, events[0].Attempt.BytesOut), events...)
		f.RuleOut("j-short-body", "it was the member's side that ended")
		f.AddRivals("b-mtu-blackhole", "g-crash-on-input")
		f.SetExpected("backend", len(events), len(events), "bounded", "once the member reads, or takes, what it refuses")
		c.Expand(map[string]string{"address": inference.Address(events)}, f)
	}
}
