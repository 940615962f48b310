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
	Name: "b-stateful-idle-drop", Requires: inference.Log,
	Doc: "only requests on connections idle for longer than any that was answered wait, and they wait for the whole request timeout; on Azure, by source ports",
	Run: statefulIdleDrop,
}

// statefulIdleDrop: something between gateway and member forgets a connection that was idle for long, without telling
// either: what is sent on it afterwards is never answered. A member that needs long after a quiet time looks alike.
func statefulIdleDrop(c *inference.Case) {
	for _, l := range c.TimedOutGroups() {
		if l.Limit == 0 || !idleDropped(c, l.Events) && !idleDroppedByPorts(c, l.Events) {
			continue
		}
		few := len(l.Events) < stats.MinEvents || l.Route.Answered < traffic.EnoughAnswers
		if few || !l.Events[0].Own && asQuiet(c, l.Events) {
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

const (
	byPort        = time.Second     // as exact is an idle age that is rebuilt from source ports
	leastRebuilt  = 4 * time.Second // shorter ones are no more than that
	oftenAnswered = 20              // times as many requests must be lost as are answered on connections that were idle for as long
)

// idleDroppedByPorts reports the same of Azure's log, whose idle ages are rebuilt from source ports: nearly all timeouts were on
// connections idle for longer than nearly all that were answered.
func idleDroppedByPorts(c *inference.Case, events []*traffic.Event) bool {
	reused := traffic.Filter(events, func(e *traffic.Event) bool { return !e.Own && e.Attempt.Reused })
	if 10*len(reused) < 9*len(events) {
		return false
	}
	idle := traffic.SortedDurations(reused, func(e *traffic.Event) time.Duration { return e.Attempt.Idle })
	least, below, beyond := idle[len(idle)/10], 0, 0
	members, _ := traffic.GroupBy(reused, (*traffic.Event).Key)
	for _, k := range members {
		m := c.Traffic.Member(k)
		for _, g := range m.Gaps.List {
			switch {
			case g.How != traffic.Answered:
			case g.Idle < least-byPort:
				below += m.Gaps.Weight(g)
			default:
				beyond += m.Gaps.Weight(g)
			}
		}
	}
	return least >= leastRebuilt && below >= traffic.EnoughAnswers && oftenAnswered*beyond <= len(reused)
}

// asQuiet reports whether most of the requests came after their member had been quiet for as long as their connections: then it may have
// been asleep itself.
func asQuiet(c *inference.Case, events []*traffic.Event) bool {
	n := 0
	for _, e := range events {
		since, now := e.Start.Add(-e.Attempt.Idle+byPort), e.Start.Add(-2*byPort)
		if now.After(since) && c.Traffic.Member(e.Key()).Tried.Between(since, now) == 0 {
			n++
		}
	}
	return 2*n > len(events)
}

func forgotten(c *inference.Case, l *inference.TimedOutGroup) {
	f := c.Claim("b-stateful-idle-drop", l.Events, l.Scope, report.Medium)
	idle := traffic.SortedDurations(l.Events, func(e *traffic.Event) time.Duration { return e.Attempt.Idle })
	longest := c.LongestAnswered(l.Events[0].Key())
	if l.Events[0].Own {
		f.AddEvidence("access-log",
			fmt.Sprintf("%d requests waited in vain, every one on a connection that had been idle for %s or more; none was answered on a connection idle for longer than %s, %d were on others",
				len(l.Events), units.Seconds(idle[0]), units.Seconds(longest), l.Route.Answered), l.Events...)
	} else {
		longest = longest.Truncate(time.Second)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d requests waited in vain, nearly all on connections that had been idle for %s or more; %d were answered, hardly any on a connection idle for as long (rebuilt from source ports, to the second)",
				len(l.Events), units.Seconds(idle[len(idle)/10].Truncate(time.Second)), l.Route.Answered), l.Events...)
	}
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
		"hop": units.Seconds(idle[len(idle)/10].Truncate(100 * time.Millisecond)),
	}, f)
}
