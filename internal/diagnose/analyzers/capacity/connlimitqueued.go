package capacity

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// At the limit of connections a silent one gives way to a new one. So a client waits for room only while every connection is busy with
// a request, and the first record of its connection says for how long, at most.

// ConnLimitQueued recognises h-conn-limit on Causeway, by the waits of clients.
var ConnLimitQueued = inference.Analyzer{
	Name: "h-conn-limit", Requires: inference.Trace,
	Doc: "the first records of connections say that their clients waited for room, as they do only while all connections that the gateway has room for are busy with requests",
	Run: queuedClients,
}

// queuedClients: clients that gave up had waited for room for longer than for anything else. What others waited has a part in whatever
// else failed, and is noted beside it.
func queuedClients(c *inference.Case) {
	if c.Traffic.Waits.N == 0 || c.Traffic.Failures == 0 {
		return // worth knowing, if anything
	}
	left := c.Unclaimed(func(e *traffic.Event) bool {
		gone := e.Fault.Kind == fault.Closed || e.Fault.Kind == fault.Reset || e.Fault.Phase == fault.Deliver
		return e.Fault.Side == fault.Client && gone && e.Queued >= inference.Patience && e.Queued >= e.Taken
	})
	if len(left) == 0 && (c.Traffic.Waits.N < stats.MinEvents || c.Traffic.Waits.Longest < inference.Patience) {
		return // no client gives up so soon
	}
	confidence := report.Medium // one may have left for another reason
	if len(left) == 0 {
		confidence = report.High // that they waited, the gateway saw itself
	}
	var f *inference.Finding
	if len(left) > 0 {
		f = c.Claim("h-conn-limit", left, report.Scope{}, confidence)
		f.AddEvidence("access-log", fmt.Sprintf("%s that had waited for room for longer than it was at work",
			units.Count(len(left), "request was given up by a client", "requests were given up by clients")), left...)
		f.AddRivals("j-client-abort")
	} else {
		f = c.Note("h-conn-limit", traffic.Filter(c.Traffic.Events, func(e *traffic.Event) bool { return e.Queued > 0 }), report.Scope{},
			confidence)
	}
	f.AddEvidence("access-log", c.Traffic.Waits.Text())
	f.RuleOut("h-fd", "the gateway keeps to a limit below that of its descriptors: it made clients wait, and refused nothing")
	f.SetExpected("gateway", 0, len(left), "bounded", "whether they would have waited for an answer is not in the evidence")
	c.Expand(map[string]string{}, f)
}
