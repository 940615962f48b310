package inference

import (
	"time"

	"causeway/internal/diagnose/traffic"
)

// StayedUp reports whether the history of a member's health, as the instances that tried it saw it, has it Up from before its first
// failure until a probe after its last.
func (c *Case) StayedUp(events []*traffic.Event) bool {
	first, last := events[0].Start, LastStart(events)
	for _, e := range events {
		t := c.Traffic.HistoryOf(e)
		if t == nil || t.Now.Causeway == nil {
			return false
		}
		probed, err := time.Parse(time.RFC3339Nano, t.Now.Causeway.LastProbe)
		if err != nil || !probed.After(last) || !t.SeenBy(e.Instance).UpThroughout(first, probed) {
			return false
		}
	}
	return true
}
