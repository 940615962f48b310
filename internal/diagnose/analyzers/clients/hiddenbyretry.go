package clients

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/units"
)

// HiddenByRetry recognises k-hidden-by-retry: a retry made good what failed.
var HiddenByRetry = inference.Analyzer{
	Name: "k-hidden-by-retry", Requires: inference.Log,
	Doc: "attempts failed, a further one went well each time, and users saw no failure but those of their own",
	Run: hiddenByRetry,
}

// hiddenByRetry: users saw nothing, but for the time that the second attempt took. It is a remark on failures that have a
// cause of their own: what is hidden today is seen once a request comes that may not be sent again.
func hiddenByRetry(c *inference.Case) {
	var hidden []*traffic.Event
	var lost time.Duration
	for _, e := range c.Traffic.Events {
		switch {
		case !e.Visible:
			hidden, lost = append(hidden, e), lost+max(0, e.Attempt.Total)
		case e.Fault.Side != fault.Client:
			return
		}
	}
	if left := c.Traffic.Failures; len(hidden) == 0 || left >= c.Traffic.Recovers {
		return
	}
	f := c.Note("k-hidden-by-retry", hidden, inference.ScopeOf(hidden), report.High)
	f.AddEvidence("access-log",
		fmt.Sprintf("%s had an attempt that failed and a later one that went well, at a cost of %s together; users saw %s",
			units.Count(len(hidden), "request", "requests"), units.Seconds(lost), ownFailures(c.Traffic.Failures)), hidden...)
	f.SetExpected("gateway", 0, 0, "exact", "there is nothing to save for users but time")
	c.Expand(map[string]string{"address": inference.Address(hidden)}, f)
}

// ownFailures says how many requests clients ended themselves.
func ownFailures(n int) string {
	if n == 0 {
		return "no failure"
	}
	return "no failure but " + units.Count(n, "request", "requests") + " that they ended or spoiled themselves"
}
