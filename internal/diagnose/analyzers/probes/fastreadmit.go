package probes

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// FastReadmit recognises a-fast-readmit: a member is back in service before it can bear it.
var FastReadmit = inference.Analyzer{
	Name: "a-fast-readmit", Requires: inference.Trace | inference.Health,
	Doc: "a member fails requests in the seconds after its health turned to Up, and not later",
	Run: fastReadmit,
}

// warmUp is how long after its return to health a member is believed to be still warming up.
const warmUp = time.Minute

// fastReadmit: one good probe brings a member back that cannot serve yet.
func fastReadmit(c *inference.Case) {
	warmUps(c, func(e *traffic.Event) bool { return e.Own && sinceReturn(c, e) <= warmUp },
		func(k traffic.MemberKey, events, soon []*traffic.Event, good int) {
			since := sinceReturn(c, soon[0])
			if since > warmUp/4 || c.Traffic.Member(k).Answers.Between(soon[0].Start.Add(-since), soon[0].Start)-stats.MinEvents > 0 {
				return
			}
			f := c.Claim("a-fast-readmit", soon, inference.ScopeOf(soon), inference.ConfidenceOf(len(soon) == len(events)))
			f.AddEvidence("backend-health", fmt.Sprintf("the health of %s turned to Up at %s, %s before", k.Member,
				units.Stamp(soon[0].Start.Add(-since)), units.Seconds(since)))
			startsBadly(c, f, k, soon, good)
		})
}

// sinceReturn is how long before an event began its member had come up again; longer than any warm-up if it had not.
func sinceReturn(c *inference.Case, e *traffic.Event) time.Duration {
	if t := c.Traffic.HistoryOf(e); t != nil {
		if since, ok := t.SinceUp(e.Start); ok {
			return since
		}
	}
	return 2 * warmUp
}
