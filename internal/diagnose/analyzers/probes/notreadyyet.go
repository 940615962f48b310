package probes

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// NotReadyYet recognises a-not-ready-yet: a new member got requests before it was ready.
var NotReadyYet = inference.Analyzer{
	Name: "a-not-ready-yet", Requires: inference.Trace | inference.Health,
	Doc: "a member that was added during the window fails its first requests, and answers later ones",
	Run: notReadyYet,
}

// notReadyYet: a member was added before its application could answer.
func notReadyYet(c *inference.Case) {
	warmUps(c, func(e *traffic.Event) bool { return e.Own }, func(k traffic.MemberKey, events, soon []*traffic.Event, good int) {
		t := c.Traffic.HistoryOf(events[0])
		if t == nil || len(t.Changes) == 0 || !t.Changes[0].At.After(c.Traffic.From) ||
			c.Traffic.Member(k).Tried.Between(c.Traffic.From, t.Changes[0].At.Add(-time.Second)) > 0 {
			return
		}
		f := c.Claim("a-not-ready-yet", soon, inference.ScopeOf(soon), inference.ConfidenceOf(t.Changes[0].Up))
		f.AddEvidence("backend-health", fmt.Sprintf("the gateway first tried %s at %s: it is new", k.Member, units.Stamp(t.Changes[0].At)))
		startsBadly(c, f, k, soon, good)
	})
}

// FastReadmitAfterAbsence recognises a-fast-readmit: a member is back in service before it can bear it.
var FastReadmitAfterAbsence = inference.Analyzer{
	Name: "a-fast-readmit", Requires: inference.Log,
	Doc: "a member that got no request for a while, or none yet, fails the first ones that it gets and answers later ones",
	Run: backTooSoon,
}

// backTooSoon finds the same, and members that are back in service too soon, in evidence without a history of health.
func backTooSoon(c *inference.Case) {
	warmUps(c, func(e *traffic.Event) bool { return !e.Own || c.Traffic.HistoryOf(e) == nil },
		func(k traffic.MemberKey, events, soon []*traffic.Event, good int) {
			first := soon[0].Start.Add(-stats.BinWidth - soon[0].Resolution())
			tried := c.Traffic.Member(k).Tried
			last, before := tried.Before(first)
			if !before {
				last = c.Traffic.From
			}
			if c.FewUsers(soon) || turnsMissed(c, k, last.Add(stats.BinWidth+soon[0].Resolution()), first) < stats.MinEvents {
				return
			}
			id, rival, what := "a-fast-readmit", "a-not-ready-yet", fmt.Sprintf("%s got no request from %s to %s, while the others went on",
				k.Member, units.Stamp(last), units.Stamp(soon[0].Start))
			if !before {
				id, rival, what = "a-not-ready-yet", "a-fast-readmit",
					fmt.Sprintf("%s got its first request at %s, when the others had been at work since %s", k.Member,
						units.Stamp(soon[0].Start), units.Stamp(c.Traffic.From))
			}
			f := c.Claim(id, soon, inference.ScopeOf(soon), report.Medium)
			f.AddEvidence("access-log", what)
			f.AddOpenRivals(rival, "d-cold-start", "c-restart")
			startsBadly(c, f, k, soon, good)
		})
}

func startsBadly(c *inference.Case, f *inference.Finding, k traffic.MemberKey, soon []*traffic.Event, good int) {
	last := soon[len(soon)-1]
	f.AddEvidence("access-log", fmt.Sprintf("%d of its requests failed in the first %s; later it answered %d and failed none", len(soon),
		units.Seconds(last.At.Sub(soon[0].Start)), good), soon...)
	f.RuleOut("k-backend-5xx", "it fails at the start of its service, and not otherwise")
	f.SetExpected("backend", len(soon), len(soon), "exact",
		"a health page that is well only once the application can serve keeps these requests away from it")
	c.Expand(map[string]string{"address": k.Server.String()}, f)
}

// warmUps are the members of which all failures lie in one spell that most of its requests do not survive, with a good
// time after it.
func warmUps(c *inference.Case, want func(*traffic.Event) bool, f func(k traffic.MemberKey, events, soon []*traffic.Event, good int)) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return want(e) && failsInService(e) }), (*traffic.Event).Key)
	for _, k := range keys {
		soon := lastSpell(groups[k])
		if good, ok := wellAfter(c, k, soon); ok && othersWell(c, k, soon) {
			f(k, groups[k], soon, good)
		}
	}
}

// failsInService matches what a member does to a request that it cannot serve yet.
func failsInService(e *traffic.Event) bool {
	return e.Tried && (e.Fault.Kind == fault.Status && e.Status >= 500 || e.ClosedUnanswered() || inference.ConnectFailed(e) ||
		traffic.ClosedSomehow(e))
}

// lastSpell are the last events of those that lie within a warm-up of each other.
func lastSpell(events []*traffic.Event) []*traffic.Event {
	i := len(events) - 1
	for ; i > 0; i-- {
		if events[len(events)-1].Start.Sub(events[i-1].Start) > warmUp ||
			events[i].Start.Sub(events[i-1].At) > traffic.Quiet+events[i].Resolution() {
			break
		}
	}
	return events[i:]
}

// wellAfter reports whether most attempts on a member failed during a spell, and none after it, though enough were made
// that they would have.
func wellAfter(c *inference.Case, k traffic.MemberKey, soon []*traffic.Event) (good int, ok bool) {
	m, first, last := c.Traffic.Member(k), soon[0], soon[len(soon)-1]
	during := m.Tried.Between(first.Start, last.Start)
	good = m.Answers.Between(last.At.Add(stats.BinWidth+last.Resolution()), c.Traffic.To)
	return good, len(soon) >= stats.MinEvents && 2*len(soon) > during && good >= 2*stats.MinEvents
}

// othersWell reports whether the other members served well during a spell: what all of them meet is no matter of a start.
func othersWell(c *inference.Case, k traffic.MemberKey, soon []*traffic.Event) bool {
	from, to, pool, bad := soon[0].Start, soon[len(soon)-1].Start, c.Traffic.Member(k).Pool, 0
	for _, e := range c.Traffic.Events {
		if e.Settings == k.Settings && e.Pool == pool && e.Key() != k && failsInService(e) && !e.Start.Before(from) && !e.Start.After(to) {
			bad += 1 << c.Traffic.Sample.Shift
		}
	}
	return bad*10 <= c.OthersTried(k, from, to)
}

// turnsMissed is how many attempts a member would have had in a span of time, by its share of those after it.
func turnsMissed(c *inference.Case, k traffic.MemberKey, from, to time.Time) int {
	mine, theirs := c.Traffic.Member(k).Tried.Between(to, c.Traffic.To), c.OthersTried(k, to, c.Traffic.To)
	if theirs == 0 {
		return 0
	}
	return c.OthersTried(k, from, to) * mine / theirs
}
