// Package probes holds the analyzers of group a: probes, and members that they take out or let in wrongly.
package probes

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// SlowEviction recognises a-slow-eviction: a dead member keeps getting traffic until the probes give up on it.
var SlowEviction = inference.Analyzer{
	Name: "a-slow-eviction", Requires: inference.Trace | inference.Health,
	Doc: "one member fails from its death until its health turns to Down, and not after",
	Run: slowEviction,
}

// slowEviction: a member died, and its share of the traffic went to it until its health turned to Down.
func slowEviction(c *inference.Case) {
	c.MemberOutages(func(k traffic.MemberKey, m *traffic.MemberStats, o inference.Outage) {
		t := c.Traffic.HistoryOf(o.Events[0])
		if t == nil || !othersAnswered(c, k, o) {
			return
		}
		down, went := t.WentDown(o.From(), o.Last().Add(time.Minute))
		late := down.At.Sub(inference.LastStart(o.Events)) > c.Probing(o.Events[0].Settings).Interval+traffic.Quiet
		if !went || lateStarts(o.Events, down.At) > 0 || late && !c.HeldUntil(k, o.Events, down.At) {
			return
		}
		o.Events = inference.TrimBefore(o.Events)
		evictedSlowly(c, k, o, down)
	})
}

func evictedSlowly(c *inference.Case, k traffic.MemberKey, o inference.Outage, down health.Change) {
	f := c.Claim("a-slow-eviction", o.Events, inference.ScopeOf(o.Events),
		inference.ConfidenceOf(len(o.Events) >= 3 && o.Refused > o.Silent))
	f.AddEvidence("access-log", fmt.Sprintf("%d attempts on %s failed; the first began at %s, the last at %s, and none after",
		len(o.Events),
		k.Member, units.Stamp(o.From()), units.Stamp(inference.LastStart(o.Events))), o.Events...)
	f.AddEvidence("backend-health", fmt.Sprintf("%s turned to Down at %s (%s): %s after the first of them had begun", k.Member,
		units.Stamp(down.At), down.Reason, units.Seconds(down.At.Sub(o.From()))))
	f.RuleOut("c-restart", "the member did not come back before its health turned")
	f.RuleOut("b-refused", "the failures end with the change of health, and the other members of the pool kept answering")
	if o.Silent > o.Refused {
		f.AddEvidence("access-log",
			fmt.Sprintf("the member accepted %d of them and never answered: it hung, or could not be reached; nothing says that it was stopped", o.Silent))
		f.AddOpenRivals("d-vm-freeze", "d-gc-pause", "b-drop")
		f.SetExpected("backend", 0, len(o.Events), "unknown", "that depends on why it no longer answered")
	} else {
		f.SetExpected("backend", len(o.Events), len(o.Events), "exact", "a member that is taken out before it stops gets no more requests")
	}
	f.SetExpected("gateway", 0, len(o.Events), "bounded", "in proportion to how much sooner the probes give up")
	if t := c.Traffic.HistoryOf(o.Events[0]); t != nil && !t.IsUp() {
		f.AddEvidence("backend-health", k.Member+" is still down: "+t.Now.Detail)
	}
	c.Expand(map[string]string{"address": k.Server.String()}, f)
}

// othersAnswered reports whether another member under the same settings answered during the outage.
func othersAnswered(c *inference.Case, k traffic.MemberKey, o inference.Outage) bool {
	for other, m := range c.Traffic.Members {
		if other != k && other.Settings == k.Settings && m.Answers.Between(o.From().Add(-time.Second), o.Last().Add(time.Second)) > 0 {
			return true
		}
	}
	return false
}

// lateStarts counts events that began after a time, with a second's grace.
func lateStarts(events []*traffic.Event, at time.Time) int {
	n := 0
	for _, e := range events {
		if e.Start.After(at.Add(time.Second)) {
			n++
		}
	}
	return n
}

// SlowEvictionUnseen recognises a-slow-eviction: a dead member keeps getting traffic until the probes give up on it.
var SlowEvictionUnseen = inference.Analyzer{
	Name: "a-slow-eviction", Requires: inference.Log,
	Doc: "one member answers, then only fails for a while, then is not tried any more, while the others go on; its probes did not find it healthy all the time",
	Run: vanished,
}

// vanished finds the same in evidence without a history of health: what the gateway did shows when it gave the member up.
func vanished(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return !e.Own && e.Tried && e.Fault.Side == fault.Backend && e.Fault.Kind != fault.Status && e.Fault.Phase != fault.Body
	}), (*traffic.Event).Key)
	for _, k := range keys {
		events, m := groups[k], c.Traffic.Member(k)
		first, last := events[0].Start, inference.LastStart(events)
		rest := 2*stats.BinWidth + events[0].Resolution()
		gone := m.Tried.Between(last.Add(rest), c.Traffic.To) == 0
		before, during := m.Answers.Between(c.Traffic.From, first), m.Answers.Between(first.Add(2*rest), c.Traffic.To)
		if len(events) < stats.MinEvents || !gone || inference.EndedTogether(events) || c.FewUsers(events) ||
			before < traffic.EnoughAnswers || during > 0 || c.MissedTurns(k, first, last.Add(rest)) < stats.MinEvents ||
			neverUnhealthy(c, events) {
			continue
		}
		f := c.Claim("a-slow-eviction", events, inference.ScopeOf(events),
			inference.ConfidenceOf(c.Listed(k.Member) && inference.RivalsOfEcho(events) == nil))
		f.AddEvidence("access-log",
			fmt.Sprintf("%s answered %d requests until %s; then %d attempts on it failed until %s, and none was made after, while %d went to the others",
				k.Member, before, units.Stamp(first), len(events), units.Stamp(last), c.OthersTried(k, last.Add(rest), c.Traffic.To)),
			events...)
		f.RuleOut("c-restart", "it did not come back before it was given up")
		if !c.Listed(k.Member) {
			f.AddRivals("c-scale-in", "c-endpoint-lag")
		}
		f.AddOpenRivals(append(inference.RivalsOfEcho(events), c.MovedAway(events)...)...)
		f.SetExpected("backend", len(events), len(events), "exact", "a member that is taken out before it stops gets no more requests")
		f.SetExpected("gateway", 0, len(events), "bounded", "in proportion to how much sooner the probes give up")
		c.Expand(map[string]string{"address": k.Server.String()}, f)
	}
}

// neverUnhealthy reports whether the probes found the member healthy all the time: then it was not they that gave it up.
func neverUnhealthy(c *inference.Case, events []*traffic.Event) bool {
	healthy, known := c.HealthyThroughout(events[0].Pool, events[0].Settings, events[0].Start, c.Traffic.To)
	return known && healthy || c.StayedUp(events)
}
