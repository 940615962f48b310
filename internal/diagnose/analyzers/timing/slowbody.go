package timing

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// SlowBody recognises d-slow-body: the body of the answer stalls.
var SlowBody = inference.Analyzer{
	Name: "d-slow-body", Requires: inference.Log,
	Doc: "the head of the answer came, and its body stood still for the timeout",
	Run: bodyStoodStill,
}

// bodyStoodStill separates bodies that stopped from streams that live for long and are silent now and then: the
// timer that ended both runs between two reads, so a stream that outlives it has kept it up for a while.
func bodyStoodStill(c *inference.Case) {
	settings, groups := traffic.GroupBy(c.Unclaimed(inference.Is(fault.Backend, fault.Body, fault.Timeout)),
		func(e *traffic.Event) string { return e.Settings })
	for _, s := range settings {
		var still, gaps, switched []*traffic.Event
		for _, e := range besideFrozen(c, groups[s]) {
			if e.Status == 101 {
				switched = append(switched, e)
			} else if limit := c.Traffic.Timeouts[s]; limit > 0 && e.Attempt.Receive > limit+limit/4 {
				gaps = append(gaps, e)
			} else {
				still = append(still, e)
			}
		}
		if len(switched) > 0 { // it has no body: both sides may be silent in it for as long as they like
			c.Suspect(switched,
				"these were WebSockets, and ended when nothing had come from the member for the request timeout: let one side send a ping sooner than that, and look whether the member was at work",
				"d-ws-sse-idle", "d-read-gap", "d-hung")
		}
		if len(gaps) > 0 {
			readGap(c, s, gaps)
		}
		if len(still) > 0 {
			f := c.Claim("d-slow-body", still, inference.ScopeOf(still), inference.ConfidenceOf(still[0].Own))
			if untyped := func(e *traffic.Event) bool { return !e.Own && !e.Typed }; slices.ContainsFunc(still, untyped) {
				f.Confidence = report.Low // it may be a stream that had nothing to say
				f.AddOpenRivals("d-ws-sse-idle")
			}
			f.AddEvidence("access-log", fmt.Sprintf("%s began, and stood still for the timeout with bytes of the body to come",
				units.Count(len(still), "answer", "answers")), still...)
			f.RuleOut("d-slow-first-byte", "the head had come")
			f.AddRivals("d-read-gap")
			c.Expand(map[string]string{"address": inference.Address(still)}, f)
		}
	}
}

// besideFrozen leaves out what was under way at members that stood still as a whole: of a pause in one answer these say
// nothing.
func besideFrozen(c *inference.Case, events []*traffic.Event) (rest []*traffic.Event) {
	var frozen []*traffic.Event
	_, vain := traffic.GroupBy(c.Traffic.Events, (*traffic.Event).Key)
	for k := range vain {
		vain[k] = slices.DeleteFunc(vain[k], func(e *traffic.Event) bool { return e.Fault.Phase == fault.Body })
	}
	for _, e := range events {
		if isFrozen(c, e, max(c.Traffic.Timeouts[e.Settings], traffic.Quiet), vain[e.Key()]) {
			frozen = append(frozen, e)
		} else {
			rest = append(rest, e)
		}
	}
	if len(frozen) > 0 {
		c.Suspect(frozen,
			"their members answered no other request either while these answers stood still: look whether they ran, were paused, or could be reached at those times",
			"d-vm-freeze", "d-gc-pause", "b-drop", "a-slow-eviction", "d-slow-body", "d-read-gap")
	}
	return rest
}

// isFrozen reports whether a member answered nothing during the last time of an event, and another request to it failed then.
func isFrozen(c *inference.Case, e *traffic.Event, during time.Duration, vain []*traffic.Event) bool {
	slack := stats.BinWidth + e.Resolution()
	from, to := e.At.Add(slack-during), e.At.Add(-slack)
	if !to.After(from) || c.Traffic.Member(e.Key()).Answers.Between(from, to) > 0 {
		return false
	}
	i, _ := slices.BinarySearchFunc(vain, from, func(x *traffic.Event, t time.Time) int { return x.At.Compare(t) })
	for ; i < len(vain) && !vain[i].Start.After(e.At.Add(during)); i++ {
		if x := vain[i]; !x.Start.Before(from) && x.Start.Before(to) {
			return true
		}
	}
	return false
}

// readGap: bytes came for longer than the timeout allows between two of them, and then none for that long.
func readGap(c *inference.Case, settings string, events []*traffic.Event) {
	received := traffic.SortedDurations(events, func(e *traffic.Event) time.Duration { return e.Attempt.Receive })
	f := c.Claim("d-read-gap", events, inference.ScopeOf(events), report.High)
	f.AddEvidence("access-log", fmt.Sprintf("%s ended %s after the first byte, because the next did not come within the timeout of %s",
		units.Count(len(events), "stream", "streams"),
		units.Span(received), units.Seconds(c.Traffic.Timeouts[settings])), events...)
	f.RuleOut("d-timeout-below-latency", "they had outlived the timeout: it counts from the last byte that came")
	f.AddRivals("d-slow-body", "d-ws-sse-idle")
	f.SetExpected("backend", len(events), len(events), "bounded", "a byte sooner than that keeps a stream open")
	c.Expand(map[string]string{"address": inference.Address(events)}, f)
}
