package network

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// StatefulIdleReset recognises b-stateful-idle-rst: something on the way resets connections that were idle for long.
var StatefulIdleReset = inference.Analyzer{
	Name: "b-stateful-idle-rst", Requires: inference.Trace,
	Doc: "requests on connections idle for longer than one limit are reset, at several members alike, and none was answered on a connection idle for longer",
	Run: statefulIdleReset,
}

// statefulIdleReset: something on the way forgets idle connections and answers what comes later with a reset. A member's
// own limit would have closed the connection at that age, seen before its use; and members of one pool seldom share a
// limit with what lies between. So it takes two members with the same cut-off, and ages all over the range above it.
func statefulIdleReset(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return e.Own && e.Attempt.Reused && e.ClosedUnanswered() && e.Fault.Kind == fault.Reset
	}), (*traffic.Event).Key)
	var cut time.Duration // longest idle age that was answered
	var all []*traffic.Event
	members, spread, least := 0, time.Duration(0), time.Duration(0)
	for _, k := range keys {
		events := groups[k]
		idle := traffic.SortedDurations(events, func(e *traffic.Event) time.Duration { return e.Attempt.Idle })
		if len(events) < 3 || idle[0] <= c.LongestAnswered(k) {
			continue
		}
		if least == 0 || idle[0] < least {
			least = idle[0]
		}
		cut = max(cut, c.LongestAnswered(k))
		spread = max(spread, idle[len(idle)-1]-idle[0])
		all = append(all, events...)
		members++
	}
	if members < 2 || len(all) < stats.MinEvents || cut == 0 || least <= cut || spread < 2*traffic.Tolerance(least) {
		return
	}
	f := c.Claim("b-stateful-idle-rst", all, inference.ScopeOf(all), inference.ConfidenceOf(members >= 3 || len(all) >= 2*stats.MinEvents))
	f.AddEvidence("access-log",
		fmt.Sprintf("%d requests at %d members were reset, all on connections idle for %s or more; none was answered on a connection idle for longer than %s",
			len(all), members, units.Seconds(least), units.Seconds(cut)), all...)
	f.RuleOut("c-idle-race", fmt.Sprintf("the idle ages reach over %s, and a member's own limit would have ended each at one age",
		units.Seconds(spread)))
	f.RuleOut("c-restart", "they lie at many different moments")
	f.AddRivals("c-l4-between")
	f.SetExpected("gateway", len(all), len(all), "exact", "with a shorter idle limit each of them would have been on a new connection")
	c.Expand(map[string]string{
		"address": inference.Address(all), "hop": units.Seconds(least),
		"newIdle": units.GoDuration(max(cut.Truncate(100*time.Millisecond), 100*time.Millisecond)),
	}, f)
}
