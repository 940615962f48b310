package network

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// StatefulIdleDrop recognises b-stateful-idle-drop: something on the way forgets idle connections, silently.
var StatefulIdleDrop = inference.Analyzer{
	Name: "b-stateful-idle-drop", Requires: inference.Trace,
	Doc: "only requests on connections idle for longer than any that was answered wait, and they wait for the whole request timeout",
	Run: statefulIdleDrop,
}

// statefulIdleDrop: something between gateway and member forgets a connection that was idle for long, without telling
// either: what is sent on it afterwards is never answered. A member that needs long after a quiet time looks alike.
func statefulIdleDrop(c *inference.Case) {
	for _, l := range c.TimedOutGroups() {
		if l.Limit == 0 || !idleDropped(c, l.Events) {
			continue
		}
		if len(l.Events) < stats.MinEvents || l.Route.Answered < traffic.EnoughAnswers {
			c.Suspect(l.Events,
				"all of them were on connections idle for longer than any that was answered: look for a firewall or balancer that forgets idle connections",
				"b-stateful-idle-drop", "d-cold-start", "d-hung")
			continue
		}
		forgotten(c, &l)
	}
}

// idleDropped reports whether every timeout was on a connection idle for longer than any that was answered: then the
// path, and not the member, may be what is silent.
func idleDropped(c *inference.Case, events []*traffic.Event) bool {
	for _, e := range events {
		if !e.Own || !e.Attempt.Reused || e.Attempt.Idle <= c.LongestAnswered(e.Key()) {
			return false
		}
	}
	return true
}

func forgotten(c *inference.Case, l *inference.TimedOutGroup) {
	f := c.Claim("b-stateful-idle-drop", l.Events, l.Scope, report.Medium)
	idle := traffic.SortedDurations(l.Events, func(e *traffic.Event) time.Duration { return e.Attempt.Idle })
	longest := c.LongestAnswered(l.Events[0].Key())
	f.AddEvidence("access-log",
		fmt.Sprintf("%d requests waited in vain, every one on a connection that had been idle for %s or more; none was answered on a connection idle for longer than %s, %d were on others",
			len(l.Events), units.Seconds(idle[0]), units.Seconds(longest), l.Route.Answered), l.Events...)
	f.RuleOut("c-idle-race", "the connections were not closed: nothing came back at all")
	f.RuleOut("d-timeout-below-latency", "the wait follows the idle age of the connection, not the request")
	f.AddRivals("d-cold-start", "d-hung")
	limit := longest.Truncate(100 * time.Millisecond)
	if limit > 5*time.Second {
		limit = limit.Truncate(time.Second)
	}
	f.SetExpected("gateway", len(l.Events), len(l.Events), "bounded",
		"if the network path forgets; with a slow start of the member the requests would wait on new connections too")
	c.Expand(map[string]string{
		"address": inference.Address(l.Events), "newIdle": units.GoDuration(max(limit, 100*time.Millisecond)),
		"hop": units.Seconds(idle[0]),
	}, f)
}
