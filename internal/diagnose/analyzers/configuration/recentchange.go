package configuration

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// RecentChange recognises i-recent-change: it began with a change of the configuration.
var RecentChange = inference.Analyzer{
	Name: "i-recent-change", Requires: inference.Log | inference.Activity,
	Doc: "failures of one cause begin within minutes after a change of the gateway or of what it leads to, and there were none before",
	Run: recentChange,
}

// recentChange names changes just before failures began. After is not because: it stays a remark, with how often anything
// is changed at all.
func recentChange(c *inference.Case) {
	changes := c.Changes()
	for _, f := range c.Findings {
		first, n := firstOf(c, f)
		if n < stats.MinEvents || first.Sub(c.Traffic.From) < inference.Soon {
			continue
		}
		for _, write := range changes {
			if !write.Before(first) {
				continue
			}
			share := takenBy(changes) / max(1, c.Traffic.To.Sub(c.Traffic.From).Seconds())
			r := c.Note("i-recent-change", nil, f.Scope, report.Medium)
			r.AddEvidence("activity-log", fmt.Sprintf("%s by %s at %s, %s before the first failure of %s", write.Operation,
				inference.CallerOr(write.Caller), units.Stamp(write.At), units.Seconds(first.Sub(write.At)), f.Cause))
			r.AddEvidence("activity-log",
				fmt.Sprintf("there are %d such changes in this window: by chance one would lie that close in %.0f %% of cases",
					len(changes), 100*min(1, share)))
			if share > 0.2 {
				r.Confidence = report.Low
			}
			c.Expand(map[string]string{}, r)
			return
		}
	}
}

// takenBy is how many seconds lie within changes or soon after them. Changes come in the order in which they began, and many may
// come at once, as those of a template.
func takenBy(changes []inference.Change) (seconds float64) {
	var covered time.Time // until then
	for _, x := range changes {
		from, to := x.At, x.Ended.Add(inference.Soon)
		if from.Before(covered) {
			from = covered
		}
		if to.After(from) {
			seconds += to.Sub(from).Seconds()
			covered = to
		}
	}
	return seconds
}

// firstOf is when the failures of a finding began.
func firstOf(c *inference.Case, f *inference.Finding) (first time.Time, n int) {
	for _, e := range c.Traffic.Events {
		if c.CauseOf(e) == f.Cause && (f.Scope.Member == "" || f.Scope.Member == e.Member) {
			if n == 0 {
				first = e.Start
			}
			n++
		}
	}
	return first, n
}
