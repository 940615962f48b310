package clients

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// ClientTimerSpike recognises j-client-timer-spike: callers give up at a timer of their own.
var ClientTimerSpike = inference.Analyzer{
	Name: "j-client-timer-spike", Requires: inference.Log,
	Doc: "clients left at one age, whatever they had requested: it is a timer of theirs",
	Run: clientTimerSpike,
}

// clientTimerSpike: the caller gives up after a fixed time. People leave at all ages; a timer at one.
func clientTimerSpike(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool { return leftEarly(e) && !c.FromMember(e) })
	if len(events) < 2*stats.MinEvents {
		return
	}
	age, in, out := atOneAge(events)
	out = traffic.Filter(out, func(e *traffic.Event) bool { return 2*e.Taken >= age }) // some leave at once anywhere
	if age < 500*time.Millisecond || 3*len(in) < 2*(len(in)+len(out)) || inference.Independent(in) < stats.MinEvents {
		return
	}
	slow, answered := slowestWait(c, in)
	if c.Traffic.NamesNoMember() { // then it does not name the routes of answers either
		slow, answered = c.Traffic.Nameless.Waits.Max, true
	}
	if !answered { // of a path on which nobody is answered the clients give up what would never end
		return
	}
	f := c.Claim("j-client-timer-spike", in, inference.ScopeOf(in), inference.ConfidenceOf(10*len(out) <= len(in) || len(in) >= 50))
	f.AddEvidence("access-log",
		fmt.Sprintf("%d of %d clients who left late did so %s after their request (within %s): a timer, not people", len(in),
			len(in)+len(out), units.Seconds(age), units.Seconds(max(30*time.Millisecond, age/50))), in...)
	f.AddEvidence("access-log", fmt.Sprintf("the slowest answer to such requests that was waited for took %s", units.Seconds(slow)))
	f.RuleOut("j-client-abort", "people leave at all ages")
	f.AddRivals("d-slow-route", "d-hung")
	f.SetExpected("client", 0, len(in), "unknown", "whether the answers would have come within a longer wait is not in the evidence")
	c.Expand(map[string]string{"timer": units.Seconds(age)}, f)
}

// atOneAge finds the age at which most of the requests ended, as exactly as a timer makes it, those that did, and the others.
func atOneAge(events []*traffic.Event) (age time.Duration, in, out []*traffic.Event) {
	return traffic.ClusterWithin(events, func(e *traffic.Event) time.Duration { return e.Taken },
		func(d time.Duration) time.Duration { return max(30*time.Millisecond, d/50) })
}

// leftEarly matches a client that ended its connection before the answer was complete.
func leftEarly(e *traffic.Event) bool {
	return e.Fault.Side == fault.Client && (e.Fault.Kind == fault.Closed || e.Fault.Kind == fault.Reset) && e.Fault.Phase != fault.Request
}

// slowestWait is the longest that an answer took on the routes of some events.
func slowestWait(c *inference.Case, events []*traffic.Event) (slowest time.Duration, ok bool) {
	for _, e := range events {
		if r := c.Traffic.Routes[e.Route()]; r != nil && r.Answered > 0 {
			slowest, ok = max(slowest, r.Slowest()), true
		}
	}
	return slowest, ok
}
