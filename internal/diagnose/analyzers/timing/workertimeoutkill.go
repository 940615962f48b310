package timing

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// WorkerTimeoutKill recognises d-worker-timeout-kill: the server's supervisor killed a slow worker.
var WorkerTimeoutKill = inference.Analyzer{
	Name: "d-worker-timeout-kill", Requires: inference.Log,
	Doc: "the member closes connections under requests at one round age of the request, on fresh and reused connections alike, while requests on the same route are answered sooner, and none later",
	Run: workerTimeoutKill,
}

// workerTimeoutKill: the server's supervisor ends a worker that has been at a request for too long; the gateway sees a
// close and not a timeout.
func workerTimeoutKill(c *inference.Case) {
	settings, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return e.ClosedUnanswered() && e.Fault.Phase == fault.Wait || traffic.ClosedSomehow(e) && !e.Ambiguous
	}), func(e *traffic.Event) string { return e.Settings })
	for _, name := range settings { // the members under settings are servers of one kind
		timer, at, off := inference.AtRoundTimer(groups[name])
		limit, answered := c.Traffic.Timeouts[name], c.Traffic.RoutesOf(name).Waits
		switch {
		case len(at) < stats.MinEvents || 4*len(off) > len(at):
			continue
		case inference.EndedTogether(at) || inference.Apart(at, stats.BinWidth/2) < stats.MinEvents: // a clock ends one after the other
			continue
		case limit > 0 && timer+traffic.TimerBand(limit) >= limit, answered.Between(timer+timer/20, answered.Max+time.Second) > 0:
			continue
		case !answeredUpTo(c, at, timer/2) && !byTheClock(at, timer): // a route that is never answered may end the worker on its own
			continue
		}
		if !at[0].Own && !mostlyEstablished(at) {
			c.Suspect(at, "these ended "+units.Span(traffic.SortedDurations(at, traffic.Lasted))+
				" after they had begun, and the log does not say whether there was a connection to the member: it may be the gateway's own limit for making one; try to connect from its network, and look in the server's log for workers that were killed",
				"b-drop", "c-accept-queue", "f-handshake-timeout", "d-worker-timeout-kill", "d-timeout-below-latency", "b-route")
			continue
		}
		if limit == 0 && slices.ContainsFunc(at, func(e *traffic.Event) bool { return !e.Own && e.QuietInfo() }) {
			c.Suspect(at, "these ended "+units.Span(traffic.SortedDurations(at, traffic.Lasted))+
				" after they had begun, and the log does not say how: it may be a timer of the server's, or the gateway's request timeout; add the gateway document, and look in the server's log for workers that were killed",
				"d-timeout-below-latency", "d-worker-timeout-kill", "d-hung", "d-inner-timeout", "c-l4-between")
			continue
		}
		f := c.Claim("d-worker-timeout-kill", at, inference.ScopeOf(at), report.Medium)
		took := traffic.SortedDurations(at, traffic.Lasted)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d connections ended %s after the request on them had begun; no answer took longer than %s", len(at),
				units.Span(took), units.Seconds(answered.Max)), at...)
		f.RuleOut("c-idle-race", "they ended long after the request had come, not as it came")
		f.RuleOut("g-crash-on-input", "a crash follows the request, not the clock")
		f.AddRivals("d-inner-timeout", "c-l4-between")
		if !slices.ContainsFunc(at, func(e *traffic.Event) bool { return e.Attempt.Reused }) { // connection and request have one age
			f.AddOpenRivals("c-max-age")
		}
		f.SetExpected("backend", 0, len(at), "bounded",
			"with a longer limit some of them would be answered; how many is not in the evidence")
		c.Expand(map[string]string{"address": inference.Address(at), "timer": units.Seconds(timer)}, f)
	}
}

// mostlyEstablished reports whether Azure's log shows that the members had most of these requests.
func mostlyEstablished(events []*traffic.Event) bool {
	return 2*len(traffic.Filter(events, func(e *traffic.Event) bool { return e.Established })) > len(events)
}

// byTheClock reports whether connections ended so exactly at one age that only a clock can have ended them: work that ends a worker, even
// the same work, takes more or less long each time.
func byTheClock(events []*traffic.Event, timer time.Duration) bool {
	took := traffic.SortedDurations(events, traffic.Lasted)
	return timer >= time.Second/2 && len(took) >= 4*stats.MinEvents && took[len(took)*9/10]-took[len(took)/10] <= timer/50
}

// answeredUpTo reports whether requests on the same routes were answered too, some of them after a time.
func answeredUpTo(c *inference.Case, events []*traffic.Event, after time.Duration) bool {
	routes, groups := traffic.GroupBy(events, (*traffic.Event).Route)
	some := 0
	for _, k := range routes {
		if r := c.Traffic.Route(k); r.Answered > 0 && r.Slowest() >= after {
			some += len(groups[k])
		}
	}
	return 2*some > len(events)
}
