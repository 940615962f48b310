package inference

import (
	"slices"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
)

// WasHeldBack reports whether one of the failures made the gateway hold the member back: further requests went elsewhere.
func WasHeldBack(events []*traffic.Event) bool {
	return slices.ContainsFunc(events, func(e *traffic.Event) bool { return e.Attempt.Ejected })
}

// EnoughToHold is how many failures of one member a verdict on it needs.
func EnoughToHold(events []*traffic.Event) int {
	if WasHeldBack(events) {
		return traffic.FailuresToHold
	}
	return stats.MinEvents
}

// UpByProbe is when a member last answered a probe well, if that was after a time.
func (c *Case) UpByProbe(e *traffic.Event, after time.Time) (time.Time, bool) {
	t := c.Traffic.HistoryOf(e)
	// Up is also who failed too few probes
	if t == nil || !t.IsUp() || t.Now.Causeway == nil || t.Now.Causeway.Reason != "" || t.Now.Causeway.Failures > 0 {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, t.Now.Causeway.LastProbe)
	return at, err == nil && at.After(after)
}

// HeldUntil reports whether a member was held back with some of its failures, and got nothing from then until some time.
func (c *Case) HeldUntil(k traffic.MemberKey, events []*traffic.Event, until time.Time) bool {
	return WasHeldBack(events) && c.Traffic.Member(k).Tried.Between(LastStart(events).Add(stats.BinWidth), until) == 0
}
