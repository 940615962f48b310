package timing

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// InnerTimeout recognises d-inner-timeout: a timer inside the backend ends requests at a fixed time.
var InnerTimeout = inference.Analyzer{
	Name: "d-inner-timeout", Requires: inference.Log,
	Doc: "errors of the backend come at one round value below the request timeout, and hardly an answer does",
	Run: innerTimeout,
}

// innerTimeout: the member itself gives up waiting for something behind it, after a time of its own. Its errors then lie
// at that time, and only they do: answers that take as long would be another matter.
func innerTimeout(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Fault.Kind == fault.Status && e.Status >= 500 }),
		(*traffic.Event).Route)
	for _, k := range keys {
		events := groups[k]
		timer, at, off := inference.AtRoundTimer(events)
		limit := c.Traffic.Timeouts[k.Settings]
		r := c.Traffic.Route(k)
		switch {
		case len(at) < stats.MinEvents || 2*len(off) > len(at) || inference.EndedTogether(at): // a timer ends one request after the other
			continue
		case limit > 0 && timer+traffic.TimerBand(limit) >= limit: // the gateway's own
			continue
		case r.Waits.Between(timer-timer/50, timer+timer/20)-errorsOf(at) > len(at)/2: // answers end there too: a hold
			continue
		}
		f := c.Claim("d-inner-timeout", at, inference.ScopeOf(at), inference.ConfidenceOf(len(at) >= 2*stats.MinEvents &&
			10*len(off) <= len(at) && inference.RivalsOfEcho(at) == nil))
		took := traffic.SortedDurations(at, traffic.Lasted)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d failures of %s ended %s after they began, at a timer of %s; %d others of this path did not",
				len(at), f.Scope.Text(),
				units.Span(took), units.Seconds(timer), len(off)), at...)
		if limit > 0 && inference.RivalsOfEcho(at) == nil {
			f.RuleOut("d-timeout-below-latency", fmt.Sprintf("the request timeout is %s", units.Seconds(limit)))
		}
		f.RuleOut("g-cpu-queueing", "waiting for a processor ends at all times, not at one")
		// it may be the gateway's after all: of a connection, or under another timeout
		if f.AddRivals("d-worker-timeout-kill"); inference.RivalsOfEcho(at) != nil {
			f.AddOpenRivals("k-chained-proxy", "c-accept-queue", "b-drop", "d-hung", "d-timeout-below-latency")
		}
		f.SetExpected("backend", 0, len(at), "bounded",
			"the wait behind the member ends later or sooner with another timer; whether it then succeeds is not in the evidence")
		c.Expand(map[string]string{"address": inference.Address(at), "timer": units.Seconds(timer)}, f)
	}
}

func errorsOf(events []*traffic.Event) int {
	n := 0
	for _, e := range events {
		if e.Counted() {
			n++
		}
	}
	return n
}
