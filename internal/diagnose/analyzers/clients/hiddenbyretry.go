package clients

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/units"
)

// HiddenByRetry recognises k-hidden-by-retry: a retry made good what failed.
var HiddenByRetry = inference.Analyzer{
	Name: "k-hidden-by-retry", Requires: inference.Log,
	Doc: "attempts failed, a further one went well each time, and no user saw a failure",
	Run: hiddenByRetry,
}

// hiddenByRetry: users saw nothing, but for the time that the second attempt took. It is a remark on failures that have a
// cause of their own: what is hidden today is seen once a request comes that may not be sent again.
func hiddenByRetry(c *inference.Case) {
	if c.Traffic.Failures > 0 {
		return
	}
	var hidden []*traffic.Event
	var lost time.Duration
	for _, e := range c.Traffic.Events {
		hidden, lost = append(hidden, e), lost+max(0, e.Attempt.Total)
	}
	if len(hidden) == 0 {
		return
	}
	f := c.Note("k-hidden-by-retry", hidden, inference.ScopeOf(hidden), report.High)
	f.AddEvidence("access-log",
		fmt.Sprintf("%s had an attempt that failed and a later one that went well, at a cost of %s together; no user saw a failure",
			units.Count(len(hidden), "request", "requests"), units.Seconds(lost)), hidden...)
	f.SetExpected("gateway", 0, 0, "exact", "there is nothing to save for users but time")
	c.Expand(map[string]string{"address": inference.Address(hidden)}, f)
}
