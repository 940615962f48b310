// Package timing holds the analyzers of group d: answers that come late or never.
package timing

import (
	"fmt"
	"math"
	"slices"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// Hung recognises d-hung: some requests get no answer, while others on the same route are quick.
var Hung = inference.Analyzer{
	Name: "d-hung", Requires: inference.Log,
	Doc: "requests end at the request timeout, no answer took the last third before it, others on the same route were answered meanwhile, and it does not come in bursts",
	Run: hung,
}

// hung names the likelier of two: requests that are lost, or a second sort of request on the same route that always
// takes longer than the timeout. Only a longer wait separates them.
func hung(c *inference.Case) {
	for _, l := range c.TimedOutGroups() {
		if l.Limit == 0 || len(l.Events) < stats.MinEvents || l.Near() > 0 || l.Route.Waits.N < traffic.EnoughAnswers ||
			!l.Events[0].Own && len(beginnings(l.Events)) < stats.MinEvents ||
			c.Silence(l.Events) || !c.AnsweredMeanwhile(&l) || afterQuiet(c, &l) || beganInSilence(c, l.Events) {
			continue
		}
		if n := onIdlest(c, l.Events); stats.BinomialTail(n, len(l.Events), idlest) < stats.Significance {
			c.Suspect(l.Events,
				fmt.Sprintf("%d of them were on connections that had been idle for longer than nine tenths of those that were answered: where only such hang, the network path has forgotten them, or the member was asleep; look for a firewall or balancer between, and send one on a new connection after a quiet time", n),
				"b-stateful-idle-drop", "d-cold-start", "d-hung", "d-timeout-below-latency")
			continue
		}
		if b := c.BurstsOf(&l); b.Come() {
			c.Suspect(l.Events, b.Next(&l), append([]string{"d-db-lock", "g-dependency-down", "d-hung"}, c.RivalsOfBursts(&l)...)...)
			continue
		}
		if c.Traffic.FirstGeneration() {
			c.Suspect(l.Events,
				"others on the same route were answered meanwhile, and a first-generation log does not show on which connections: send such a request on a new connection and on one that was idle, and take a stack dump of the member while one hangs",
				"d-hung", "b-stateful-idle-drop", "d-timeout-below-latency", "d-cold-start")
			continue
		}
		if n := beganApart(l.Events, l.Limit/togetherPart); n < stats.MinEvents {
			c.Suspect(l.Events,
				fmt.Sprintf("they began at %s, and those of one moment waited together for most of the timeout, so that one event may have held them all: look at what the member did then, and whether such requests hang at other times", units.Count(n, "moment", "different moments")),
				"d-cold-start", "d-gc-pause", "d-hung", "d-timeout-below-latency")
			continue
		}
		f := c.Claim("d-hung", l.Events, l.Scope, report.Medium)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d requests waited the whole request timeout of %s in vain, while others on the same route were answered",
				len(l.Events), units.Seconds(l.Limit)), l.Events...)
		f.AddEvidence("access-log", fmt.Sprintf("the other %d were answered within %s: between that and the timeout there is nothing",
			l.Route.Waits.N, units.Seconds(l.Route.Slowest())))
		f.AddRivals("d-timeout-below-latency")
		if !l.Events[0].Own {
			f.AddRivals("b-stateful-idle-drop", "d-cold-start")
		}
		f.SetExpected("gateway", 0, len(l.Events), "unknown", "nothing in the evidence says that a longer request timeout would help")
		f.SetExpected("backend", len(l.Events), len(l.Events), "bounded", "once the member no longer loses requests")
		c.Expand(map[string]string{"timeout": units.Seconds(l.Limit), "address": inference.Address(l.Events)}, f)
	}
}

// togetherPart is the part of the timeout within which requests begin that count as one moment: they wait together for most of it.
const togetherPart = 4

// beganApart is at how many moments requests began; those within a time of the first of a moment belong to it.
func beganApart(events []*traffic.Event, within time.Duration) (n int) {
	starts := make([]time.Time, len(events))
	for i, e := range events {
		starts[i] = e.Start
	}
	slices.SortFunc(starts, time.Time.Compare)
	var first time.Time
	for _, at := range starts {
		if n == 0 || at.Sub(first) > within {
			n, first = n+1, at
		}
	}
	return n
}

// idlest is the part of the answers on connections that were used again whose idle ages were the longest.
const idlest = 0.1

// onIdlest counts the requests on connections that had been idle for longer than all but that part of the answered ones of their member.
// What hangs whatever its connection is rarely among them.
func onIdlest(c *inference.Case, events []*traffic.Event) int {
	n, long := 0, map[traffic.MemberKey]time.Duration{}
	for _, e := range events {
		limit, known := long[e.Key()]
		if !known {
			limit = longIdle(c.Traffic.Member(e.Key()))
			long[e.Key()] = limit
		}
		if e.Attempt.Reused && e.Attempt.Idle > limit {
			n++
		}
	}
	return n
}

// longIdle is the idle age that all but the idlest part of a member's answered connections were below.
func longIdle(m *traffic.MemberStats) time.Duration {
	var ages []time.Duration
	for _, g := range m.Gaps.List {
		if g.How == traffic.Answered {
			ages = append(ages, g.Idle) // each stands for as many
		}
	}
	if len(ages) < traffic.EnoughAnswers {
		return math.MaxInt64
	}
	slices.Sort(ages)
	return stats.Quantile(ages, 1-idlest)
}

// beganInSilence reports whether most of these requests began in a gap between two answers of their member in which others began that
// waited in vain as well: then the member was away, and answered again before the last of them had given up.
func beganInSilence(c *inference.Case, events []*traffic.Event) bool {
	vain, n := map[traffic.MemberKey][]time.Time{}, 0
	for _, e := range traffic.Filter(c.Traffic.Events, traffic.IsTimeout) {
		vain[e.Key()] = append(vain[e.Key()], e.Start)
	}
	for _, starts := range vain {
		slices.SortFunc(starts, time.Time.Compare)
	}
	for _, e := range events {
		m, slack := c.Traffic.Member(e.Key()), stats.BinWidth+e.Resolution()
		before, _ := m.Answers.Before(e.Start.Add(slack))
		after, ok := m.Answers.After(e.Start.Add(slack))
		if !ok {
			after = c.Traffic.To
		}
		first, _ := slices.BinarySearchFunc(vain[e.Key()], before, time.Time.Compare)
		end, _ := slices.BinarySearchFunc(vain[e.Key()], after, time.Time.Compare)
		if end-first > stats.MinEvents {
			n++
		}
	}
	return 2*n > len(events)
}

// afterQuiet reports whether these requests came after a time in which their member got none, and few others do:
// then it may be the start after that time that was slow. Those that come together come after the same time.
func afterQuiet(c *inference.Case, l *inference.TimedOutGroup) bool {
	first, tries, quiet, moments := 0, 0, 0, 0
	keys, groups := traffic.GroupBy(l.Events, (*traffic.Event).Key)
	for _, k := range keys {
		m := c.Traffic.Member(k)
		some, rest := m.Tried.AfterQuiet(l.Limit)
		first, tries = first+some.N, tries+some.N+rest.N
		for _, at := range beginnings(groups[k]) {
			if moments++; m.Tried.QuietBefore(at, l.Limit) {
				quiet++
			}
		}
	}
	return 5*quiet >= 4*moments && stats.BinomialTail(quiet, moments, float64(first)/float64(max(1, tries))) < stats.Significance
}

// beginnings are the moments at which requests began; those soon after the first of a moment belong to it.
func beginnings(events []*traffic.Event) (out []time.Time) {
	starts := make([]time.Time, 0, len(events))
	for _, e := range events {
		starts = append(starts, e.Start)
	}
	slices.SortFunc(starts, time.Time.Compare)
	for _, at := range starts {
		if n := len(out); n == 0 || at.Sub(out[n-1]) > traffic.Quiet {
			out = append(out, at)
		}
	}
	return out
}
