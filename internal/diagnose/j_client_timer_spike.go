package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/fault"
)

var clientTimers = hypothesis{
	cause: "j-client-timer-spike", needs: theLog,
	test: "clients left at one age, whatever they had asked for: it is a timer of theirs",
	look: clientTimerSpike,
}

// clientTimerSpike: the caller gives up after a fixed time. People leave at all ages; a timer at one.
func clientTimerSpike(q *inquiry) {
	events := q.unclaimed(func(e *event) bool { return leftEarly(e) && !q.impatient(e) && !q.fromMember(e) })
	if len(events) < 2*minEvents {
		return
	}
	age, in, out := clusterWithin(events, func(e *event) time.Duration { return e.taken }, func(d time.Duration) time.Duration { return max(30*time.Millisecond, d/50) })
	if age < 500*time.Millisecond || 3*len(in) < 2*len(events) || independent(in) < minEvents {
		return
	}
	f := q.claim("j-client-timer-spike", in, scopeOf(in), confidenceOf(10*len(out) <= len(in) || len(in) >= 50))
	f.says("access-log", fmt.Sprintf("%d of %d clients who left did so %s after they had asked (within %s): a timer, not people", len(in), len(events), seconds(age), seconds(max(30*time.Millisecond, age/50))), in...)
	if slow, ok := q.slowestWait(in); ok {
		f.says("access-log", fmt.Sprintf("the slowest answer to such requests that was waited for took %s", seconds(slow)))
	}
	f.excludes("j-client-abort", "people leave at all ages")
	f.leaves("d-slow-route", "d-hung")
	f.expect("client", 0, len(in), "unknown", "whether the answers would have come within a longer wait is not in the evidence")
	q.fill(map[string]string{"timer": seconds(age)}, f)
}

// leftEarly matches a client that ended its connection before the answer was complete.
func leftEarly(e *event) bool {
	return e.fault.Side == fault.Client && (e.fault.Kind == fault.Closed || e.fault.Kind == fault.Reset) && e.fault.Phase != fault.Request
}

// slowestWait is the longest that an answer took on the routes of some events.
func (q *inquiry) slowestWait(events []*event) (slowest time.Duration, ok bool) {
	for _, e := range events {
		if r := q.routes[e.route()]; r != nil && r.answered > 0 {
			slowest, ok = max(slowest, r.slowest()), true
		}
	}
	return slowest, ok
}
