package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/fault"
)

var resetConnections = hypothesis{
	cause: "b-stateful-idle-rst", needs: theTrace,
	test: "requests on connections idle for longer than one limit are reset, at several members alike, and none was answered on a connection idle for longer",
	look: statefulIdleReset,
}

// statefulIdleReset: something on the way forgets idle connections and answers what comes later with a reset. A member's
// own limit would have closed the connection at that age, seen before its use; and members of one pool seldom share a
// limit with what lies between. So it takes two members with the same cut-off, and ages all over the range above it.
func statefulIdleReset(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		return e.own && e.attempt.Reused && e.closedUnanswered() && e.fault.Kind == fault.Reset
	}), (*event).key)
	var cut time.Duration // longest idle age that was answered
	var all []*event
	members, spread, least := 0, time.Duration(0), time.Duration(0)
	for _, k := range keys {
		events := groups[k]
		idle := sortedDurations(events, func(e *event) time.Duration { return e.attempt.Idle })
		if len(events) < 3 || idle[0] <= q.longestAnswered(k) {
			continue
		}
		if least == 0 || idle[0] < least {
			least = idle[0]
		}
		cut = max(cut, q.longestAnswered(k))
		spread = max(spread, idle[len(idle)-1]-idle[0])
		all = append(all, events...)
		members++
	}
	if members < 2 || len(all) < minEvents || cut == 0 || least <= cut || spread < 2*tolerance(least) {
		return
	}
	f := q.claim("b-stateful-idle-rst", all, scopeOf(all), confidenceOf(members >= 3 || len(all) >= 2*minEvents))
	f.says("access-log", fmt.Sprintf("%d requests at %d members were reset, all on connections idle for %s or more; none was answered on a connection idle for longer than %s", len(all), members, seconds(least), seconds(cut)), all...)
	f.excludes("c-idle-race", fmt.Sprintf("the idle ages reach over %s, and a member's own limit would have ended each at one age", seconds(spread)))
	f.excludes("c-restart", "they lie at many different moments")
	f.leaves("c-l4-between")
	f.expect("gateway", len(all), len(all), "exact", "with a shorter idle limit each of them would have been on a new connection")
	q.fill(map[string]string{"address": address(all), "hop": seconds(least), "newIdle": goDuration(max(cut.Truncate(100*time.Millisecond), 100*time.Millisecond))}, f)
}
