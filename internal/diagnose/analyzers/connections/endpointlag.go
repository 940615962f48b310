package connections

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// EndpointLag recognises c-endpoint-lag: members are gone before the gateway hears of it.
var EndpointLag = inference.Analyzer{
	Name: "c-endpoint-lag", Requires: inference.Log | inference.Document,
	Doc: "a member refuses until it gets no requests any more, sooner than its probes could have taken it out, and the document no longer has it",
	Run: endpointLag,
}

// refusedInARow reports whether new connections failed until the member was held back: that is soon, and no end of work under way.
func refusedInARow(events []*traffic.Event) bool {
	return inference.WasHeldBack(events) && len(traffic.Filter(events, inference.ConnectFailed)) == len(events)
}

// endpointLag: a member was gone before the document said so. What the gateway sent there meanwhile failed.
func endpointLag(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return inference.ConnectFailed(e) || !e.Own && brokeSomehow(e) && e.Fault.Kind != fault.Status
	}), (*traffic.Event).Key)
	for _, k := range keys {
		events, m, p := groups[k], c.Traffic.Member(k), c.Probing(k.Settings)
		first, last := events[0].Start, inference.LastStart(events)
		slack := 2*stats.BinWidth + events[0].Resolution()
		gone := c.TurnsAfter(k, last.Add(slack)) >= stats.MinEvents && m.Tried.Between(last.Add(slack), c.Traffic.To) == 0
		fine, _ := m.Answers.Before(first) // it may have been gone since then, and its probes know
		if len(events) < inference.EnoughToHold(events) || c.FewUsers(events) || !gone ||
			m.Answers.Between(c.Traffic.From, first) < traffic.EnoughAnswers || m.Answers.Between(first.Add(slack), c.Traffic.To) > 0 ||
			inference.EndedTogether(events) && !refusedInARow(events) {
			continue
		}
		if c.Listed(k.Member) || c.Traffic.HistoryOf(events[0]) != nil || last.Sub(fine)+slack > p.Notices() {
			continue
		}
		f := c.Claim("c-endpoint-lag", events, inference.ScopeOf(events), inference.ConfidenceOf(events[0].Own))
		f.AddEvidence("access-log",
			fmt.Sprintf("%s answered until %s; then %d attempts on it failed until %s, and none was made after, while %d went to the others",
				k.Member, units.Stamp(fine), len(events), units.Stamp(last), c.OthersTried(k, last.Add(slack), c.Traffic.To)), events...)
		f.AddEvidence("configuration",
			fmt.Sprintf("the document no longer has it, and its probes need %s at least to take a member out: it was the document that did",
				units.Seconds(p.Notices())))
		if f.RuleOut("c-restart", "it did not come back"); events[0].Own {
			f.RuleOut("a-slow-eviction", "the probes could not have taken it out so soon")
		} else { // nor is it known what its probes met, and when
			f.AddOpenRivals("a-slow-eviction", "c-scale-in")
			f.AddOpenRivals(append(inference.RivalsOfEcho(events), c.MovedAway(events)...)...)
		}
		f.SetExpected("backend", len(events), len(events), "exact",
			fmt.Sprintf("a member that goes on serving for %s after the signal to stop loses none of them", units.Seconds(last.Sub(fine))))
		f.SetExpected("gateway", 0, len(events), "bounded", "in proportion to how much sooner the document follows")
		c.Expand(map[string]string{"address": k.Server.String()}, f)
	}
}
