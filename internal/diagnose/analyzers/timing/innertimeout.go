package timing

import (
	"fmt"
	"time"

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
// at that time, whatever was requested, and only they do: answers that take as long would be another matter.
func innerTimeout(c *inference.Case) {
	groups, byStatus := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Fault.Kind == fault.Status && e.Status >= 500 }),
		func(e *traffic.Event) answeredWith { return answeredWith{e.PoolKey(), e.Status} })
	for _, k := range groups {
		limit := c.Traffic.Timeouts[k.pool.Settings]
		timer, at, off := inference.AtRoundTimer(byStatus[k])
		// those that came much sooner failed for another reason
		off = traffic.Filter(off, func(e *traffic.Event) bool { return 2*traffic.Lasted(e) >= timer })
		switch {
		case len(at) < stats.MinEvents || 2*len(off) > len(at) || inference.EndedTogether(at): // a timer ends one request after the other
			continue
		case limit > 0 && timer+traffic.TimerBand(limit) >= limit: // the gateway's own
			continue
		case answersAt(c, at, timer) > len(at)/2: // answers end there too: a hold
			continue
		}
		ownTimer(c, timer, limit, at, off)
	}
}

// answeredWith is the errors of one pool with one status.
type answeredWith struct {
	pool   traffic.PoolKey
	status int
}

// answersAt counts the answers on the routes of some errors that came at the timer as well, and were none.
func answersAt(c *inference.Case, events []*traffic.Event, timer time.Duration) int {
	routes, byRoute := traffic.GroupBy(events, (*traffic.Event).Route)
	n := 0
	for _, k := range routes {
		n += c.Traffic.Route(k).Waits.Between(timer-timer/50, timer+timer/20) - errorsOf(byRoute[k])
	}
	return n
}

func ownTimer(c *inference.Case, timer, limit time.Duration, at, off []*traffic.Event) {
	f := c.ClaimMore("d-inner-timeout", at, inference.ScopeOf(at), inference.ConfidenceOf(len(at) >= 2*stats.MinEvents &&
		10*len(off) <= len(at) && inference.RivalsOfEcho(at) == nil))
	routes, _ := traffic.GroupBy(at, func(e *traffic.Event) string { return e.Path })
	f.AddEvidence("access-log",
		fmt.Sprintf("%d answers %d on %s ended %s after their requests began, at a timer of %s; %d others that took half as long or longer did not",
			len(at), at[0].Status, units.Count(len(routes), "path", "paths"), units.Span(traffic.SortedDurations(at, traffic.Lasted)),
			units.Seconds(timer), len(off)), at...)
	if limit > 0 && inference.RivalsOfEcho(at) == nil {
		f.RuleOut("d-timeout-below-latency", fmt.Sprintf("the request timeout is %s", units.Seconds(limit)))
	}
	f.RuleOut("g-cpu-queueing", "waiting for a processor ends at all times, not at one")
	// it may be the gateway's after all: of a connection, or under another timeout
	if f.AddRivals("d-worker-timeout-kill"); inference.RivalsOfEcho(at) != nil {
		f.AddOpenRivals("k-chained-proxy", "c-accept-queue", "b-drop", "d-hung", "d-timeout-below-latency")
	}
	f.SetExpected("backend", 0, len(f.Events), "bounded",
		"the wait behind the member ends later or sooner with another timer; whether it then succeeds is not in the evidence")
	c.Expand(map[string]string{"address": inference.Address(at), "timer": units.Seconds(timer)}, f)
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
