package connections

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// DrainTooShort recognises c-drain-too-short: the time to drain is shorter than the requests under way.
var DrainTooShort = inference.Analyzer{
	Name: "c-drain-too-short", Requires: inference.Log | inference.Document,
	Doc: "a member that answers gets no new requests any more while the others go on, and later all that it still had end at one moment; the document no longer has it",
	Run: drainTooShort,
}

// drainTooShort: a member was taken out of service with requests under way, and stopped before they had ended. Nothing new
// came to it any more, so what ended with it had begun before; how long after is how long it drained.
func drainTooShort(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(brokeSomehow), (*traffic.Event).Key)
	for _, k := range keys {
		events, m := groups[k], c.Traffic.Member(k)
		left, end := inference.LastStart(events), events[len(events)-1].At
		slack := stats.BinWidth + events[0].Resolution()
		if last, ok := m.Tried.Before(c.Traffic.To.Add(time.Second)); ok {
			left = units.Later(left, last)
		}
		drained := end.Sub(left)
		// it was not taken out, or not by the document
		if c.Traffic.Config == nil || c.Listed(k.Member) || c.Traffic.HistoryOf(events[0]) != nil {
			continue
		}
		began := inference.LastStart(events).Add(-events[0].Resolution())
		if len(events) < 3 || c.FewUsers(events) || m.Answers.Between(began, end) == 0 { // it hung, and was given up
			continue
		}
		if !inference.EndedTogether(events) || drained < 2*slack || c.TurnsAfter(k, left.Add(slack)) < stats.MinEvents {
			continue
		}
		f := c.Claim("c-drain-too-short", events, inference.ScopeOf(events), inference.ConfidenceOf(events[0].Own))
		f.AddEvidence("access-log",
			fmt.Sprintf("%s got its last request at %s; %s later the %d that it still had ended at once, up to %s after they had begun",
				k.Member, units.Stamp(left), units.Seconds(drained), len(events), units.Seconds(longest(events))), events...)
		f.RuleOut("c-restart", "nothing new was sent to it any more: it had been taken out before it stopped")
		f.RuleOut("a-slow-eviction", "no attempt on it failed after it had stopped")
		f.AddOpenRivals("c-scale-in", "c-max-age", "g-oom-kill")
		f.SetExpected("backend", 0, len(events), "bounded",
			fmt.Sprintf("they had lasted up to %s when they were cut; how much longer they needed is not in the evidence",
				units.Seconds(longest(events))))
		c.Expand(map[string]string{"address": k.Server.String()}, f)
	}
}

// brokeSomehow matches a connection that ended under a request, in the trace or in Azure's log.
func brokeSomehow(e *traffic.Event) bool {
	return inference.BrokeUnderRequest(e) || traffic.ClosedSomehow(e)
}

// longest is the most that one of some requests had lasted.
func longest(events []*traffic.Event) time.Duration {
	var most time.Duration
	for _, e := range events {
		most = max(most, e.At.Sub(e.Start))
	}
	return most
}
