package diagnose

import (
	"fmt"

	"causeway/internal/fault"
)

var earlyResponses = hypothesis{
	cause: "e-early-response", needs: theTrace,
	test: "the member ends the connection while the body of a request is still being sent, whenever it is larger than a certain size, and never with a smaller one",
	look: earlyResponse,
}

// earlyResponse: the member refuses an upload before it has read it, and closes; the reset overtakes its answer.
func earlyResponse(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		return e.own && e.tried && e.fault.Phase == fault.Send && (e.fault.Kind == fault.Closed || e.fault.Kind == fault.Reset) && e.declared > 0 && e.attempt.BytesOut < e.declared
	}), (*event).route)
	for _, k := range keys {
		events := groups[k]
		if len(events) < minEvents || inOneMoment(events) {
			continue
		}
		least := events[0].declared
		for _, e := range events {
			least = min(least, e.declared)
		}
		f := q.claim("e-early-response", events, scopeOf(events), Medium)
		f.says("access-log", fmt.Sprintf("%d uploads of %d bytes or more were cut by the member while they were being sent, after %d bytes for example", len(events), least, events[0].attempt.BytesOut), events...)
		f.excludes("j-short-body", "it was the member's side that ended")
		f.leaves("b-mtu-blackhole", "g-crash-on-input")
		f.expect("backend", len(events), len(events), "bounded", "once the member reads, or takes, what it refuses")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}
