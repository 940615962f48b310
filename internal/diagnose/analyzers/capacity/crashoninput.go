package capacity

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// CrashOnInput recognises g-crash-on-input: one sort of request makes the backend drop the connection.
var CrashOnInput = inference.Analyzer{
	Name: "g-crash-on-input", Requires: inference.Trace,
	Doc: "one route is never answered, on fresh connections too, and ends no later than others are answered, while at the same times the same member answers others",
	Run: crashOnInput,
}

// crashOnInput: a route makes the member drop the connection, each time, on whatever connection the request comes. Its
// exclusiveness separates it from accidents: the route never gets an answer, while at the very same times the same
// member answers others on the same kind of connection. Where it came on reused connections only, others must have been
// answered on connections that were nearer to any limit.
func crashOnInput(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Own && e.ClosedUnanswered() }),
		(*traffic.Event).Route)
	for _, k := range keys {
		events := groups[k]
		r := c.Traffic.Routes[k]
		fresh, reused, answered := company(c, events)
		confidence := inference.ConfidenceOf(fresh > 0)
		if r == nil || r.Answered > 0 || len(events) < stats.MinEvents || 5*answered < 4*len(events) ||
			fresh == 0 && !withinLimits(c, events) {
			c.Suspect(events, "send one of these requests alone, on a fresh connection, to the member, and read its own log at that time",
				suspectsOfClose(events)...)
			continue
		}
		if timer, at, off := inference.AtRoundTimer(events); len(at) >= stats.MinEvents && len(at) > 9*len(off) {
			c.Suspect(events, "each of them ended "+units.Seconds(timer)+
				" after it had begun: look for a limit of that length in the server, which ends the worker, or in what it calls",
				"d-worker-timeout-kill", "d-inner-timeout", "g-crash-on-input")
			continue
		}
		if 2*outlasting(c, events) > len(events) {
			c.Suspect(events,
				"the member worked on them for longer than on what it answers: look in its own log for a limit that ended them, and for what they had done by then",
				"g-crash-on-input", "d-worker-timeout-kill", "d-inner-timeout", "g-oom-kill")
			continue
		}
		if odd := inference.OddIn(k.Path); odd != "" {
			c.Suspect(events, "the path has "+odd+
				": send the same request to the member with a plain path, and read its own log at that time", "e-uri-rejected",
				"g-crash-on-input")
			continue
		}
		f := c.Claim("g-crash-on-input", events, inference.ScopeOf(events), confidence)
		f.AddEvidence("access-log",
			fmt.Sprintf("%s %s was never answered: %d attempts, %d on fresh connections and %d on reused ones, each ended by the member before a byte of an answer",
				k.Method, k.Path, len(events), fresh, reused), events...)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d of them have another answer of the same member beside them, each its own: within a second, on the same kind of connection, between the first and the last of them", answered))
		if fresh > 0 {
			f.RuleOut("c-idle-race", fmt.Sprintf("%d of them were on connections that had never been idle", fresh))
		} else {
			f.RuleOut("c-idle-race",
				"other requests were answered on connections that had been idle for twice as long, and were twice as old and as used, as the typical one of these")
		}
		f.RuleOut("c-restart", "the member answered other requests at those times")
		f.AddRivals("e-uri-rejected", "c-middlebox-reset")
		f.SetExpected("backend", len(events), len(events), "bounded",
			"once the member answers this request; with what status is another question")
		c.Expand(map[string]string{"address": inference.Address(events)}, f)
	}
}

// withinLimits reports whether the member answered others on connections that were at least twice as idle, twice as old and
// twice as used as most of the events' are. A limit of any of the three would end connections at the limit and nowhere else.
func withinLimits(c *inference.Case, events []*traffic.Event) bool {
	half := func(within func(m *traffic.MemberStats, e *traffic.Event) bool) bool {
		n := len(traffic.Filter(events, func(e *traffic.Event) bool { return within(c.Traffic.Members[e.Key()], e) }))
		return 2*n >= len(events)
	}
	return half(func(m *traffic.MemberStats, e *traffic.Event) bool { return 2*e.Attempt.Idle <= m.Longest }) &&
		half(func(m *traffic.MemberStats, e *traffic.Event) bool { return 2*e.Attempt.Age <= m.Oldest }) &&
		half(func(m *traffic.MemberStats, e *traffic.Event) bool { return 2*e.Attempt.Uses <= m.MostUses })
}

// outlasting counts the events that lived clearly longer than the answers of their member take. A crash follows what the
// request says; what ends long work may be a clock, and a clock that fires late shows no round time.
func outlasting(c *inference.Case, events []*traffic.Event) int {
	n := 0
	for _, e := range events {
		if usual := c.Traffic.Members[e.Key()].Waits.Quantile(0.9); traffic.Lasted(e) > max(2*usual, 100*time.Millisecond) {
			n++
		}
	}
	return n
}

// company counts the events on fresh and on reused connections, and how many of them have an answer of their own beside them:
// one that their member gave on the same kind of connection, within a second and between the first and the last of them.
func company(c *inference.Case, events []*traffic.Event) (fresh, reused, answered int) {
	members, byMember := traffic.GroupBy(events, (*traffic.Event).Key)
	for _, k := range members {
		m := c.Traffic.Members[k]
		old := traffic.Filter(byMember[k], func(e *traffic.Event) bool { return e.Attempt.Reused })
		made := traffic.Filter(byMember[k], func(e *traffic.Event) bool { return !e.Attempt.Reused })
		on := func(these []*traffic.Event, answers func([]inference.Span) []stats.Bin) int {
			spans := inference.Among(byMember[k], inference.AroundEach(these, time.Second))
			return inference.Matched(spans, answers(spans), c.Traffic.Clock)
		}
		answered += on(made, func(s []inference.Span) []stats.Bin { return inference.CountWithin(m.Fresh, s) }) + on(old,
			func(s []inference.Span) []stats.Bin {
				return inference.Subtract(inference.CountWithin(m.Answers, s), inference.CountWithin(m.Fresh, s))
			})
		fresh, reused = fresh+len(made), reused+len(old)
	}
	return fresh, reused, answered
}

// suspectsOfClose are the causes that leave closed connections like these.
func suspectsOfClose(events []*traffic.Event) []string {
	fresh, reused := 0, 0
	for _, e := range events {
		if e.Attempt.Reused {
			reused++
		} else {
			fresh++
		}
	}
	var out []string
	if reused > 0 {
		out = append(out, "c-idle-race", "c-keepalive-max-requests", "c-max-age", "b-stateful-idle-rst")
	}
	if fresh > 0 {
		out = append(out, "c-backend-conn-limit", "e-foreign-service")
	}
	if slices.ContainsFunc(events, func(e *traffic.Event) bool { return inference.OddIn(e.Path) != "" }) {
		out = append(out, "e-uri-rejected")
	}
	return append(out, "g-crash-on-input", "g-oom-kill", "c-restart")
}
