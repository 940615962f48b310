package timing

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/units"
)

// RetryDoubling recognises d-retry-doubling: a timed-out request is tried on a second member.
var RetryDoubling = inference.Analyzer{
	Name: "d-retry-doubling", Requires: inference.Log,
	Doc: "requests failed after twice the request timeout: the gateway waited as long for a second member",
	Run: retryDoubling,
}

// retryDoubling is no cause of its own: what made the first member late is. It doubles the wait, and the work.
func retryDoubling(c *inference.Case) {
	for _, l := range c.TimedOutGroups() {
		if l.Limit == 0 {
			continue
		}
		unlisted := l.WaitedTwice()
		var twice []*traffic.Event
		for _, e := range l.Events {
			if e.Visible && (e.Tries > 1 || unlisted) && (e.Taken-2*l.Limit).Abs() <= 2*traffic.TimerBand(l.Limit) &&
				e.Taken > l.Limit*3/2 && l.Limit > 2*traffic.TimerBand(l.Limit)-time.Millisecond {
				twice = append(twice, e)
			}
		}
		if len(twice) < 3 {
			continue
		}
		f := c.Note("d-retry-doubling", twice, l.Scope, report.High)
		f.AddEvidence("access-log", fmt.Sprintf("%d requests failed about %s after they began: twice the request timeout of %s", len(twice),
			units.Seconds(2*l.Limit), units.Seconds(l.Limit)), twice...)
		c.Expand(map[string]string{"timeout": units.Seconds(l.Limit), "address": inference.Address(twice)}, f)
	}
}
