package timing

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/units"
)

// TimeoutMisfit recognises d-timeout-below-latency: the request timeout is shorter than the backend's slow answers.
var TimeoutMisfit = inference.Analyzer{
	Name: "d-timeout-below-latency", Requires: inference.Document | inference.Log,
	Doc: "left open: timeouts that do not lie at the request timeout of the document",
	Run: misfitTimeouts,
}

// misfitTimeouts leaves timeouts open that came sooner than the document lets them, or well after: what it says of the timer is then not
// what they met, and nothing can be held against it.
func misfitTimeouts(c *inference.Case) {
	settings, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return traffic.IsTimeout(e) && e.Tried && misfit(c, e) }),
		func(e *traffic.Event) string { return e.Settings })
	for _, s := range settings {
		events := groups[s]
		rivals := []string{"d-hung", "d-timeout-below-latency", "d-retry-doubling", "i-recent-change", "a-slow-eviction"}
		if traffic.Lasted(events[0]) < c.Traffic.Timeouts[s] {
			rivals = []string{
				"b-drop", "d-hung", "d-timeout-below-latency", "i-recent-change", "c-accept-queue", "f-handshake-timeout",
				"a-slow-eviction",
			}
		}
		c.Suspect(events,
			fmt.Sprintf("these timed out after %s, and the document gives settings %s a request timeout of %s: the document may be of another time, or it was the connection that timed out; export the gateway again and look in the activity log for writes of it",
				units.Span(traffic.SortedDurations(events, traffic.Lasted)), s, units.Seconds(c.Traffic.Timeouts[s])),
			append(rivals, inference.RivalsOfEcho(events)...)...)
	}
}

// misfit reports whether a timeout lies away from the request timeout of the document, and from twice as long, which two members
// take that are waited for one after the other.
func misfit(c *inference.Case, e *traffic.Event) bool {
	limit := c.Traffic.Timeouts[e.Settings]
	if limit == 0 || e.Session {
		return false
	}
	away := func(timer time.Duration) bool { return (traffic.Lasted(e) - timer).Abs() > traffic.TimerBand(timer) }
	return traffic.Lasted(e) < limit-traffic.TimerBand(limit) || !e.Own && away(limit) && traffic.Lasted(e) > limit && away(2*limit)
}
