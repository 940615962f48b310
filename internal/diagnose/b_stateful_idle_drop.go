package diagnose

import (
	"fmt"
	"time"
)

var forgottenConnections = hypothesis{
	cause: "b-stateful-idle-drop", needs: theTrace,
	test: "only requests on connections idle for longer than any that was answered wait, and they wait for the whole request timeout",
	look: statefulIdleDrop,
}

// statefulIdleDrop: something between gateway and member forgets a connection that was idle for long, without telling
// either: what is sent on it afterwards is never answered. A member that needs long after a quiet time looks alike.
func statefulIdleDrop(q *inquiry) {
	for _, l := range q.latecomers() {
		if l.limit == 0 || !q.idleDropped(l.events) {
			continue
		}
		if len(l.events) < minEvents || l.route.answered < enoughAnswers {
			q.suspect(l.events, "all of them were on connections idle for longer than any that was answered: look for a firewall or balancer that forgets idle connections",
				"b-stateful-idle-drop", "d-cold-start", "d-hung")
			continue
		}
		q.forgotten(&l)
	}
}

// idleDropped reports whether every timeout was on a connection idle for longer than any that was answered: then the
// path, and not the member, may be what is silent.
func (q *inquiry) idleDropped(events []*event) bool {
	for _, e := range events {
		if !e.own || !e.attempt.Reused || e.attempt.Idle <= q.longestAnswered(e.key()) {
			return false
		}
	}
	return true
}

// longestAnswered is the greatest idle age of a connection on which a member answered.
func (q *inquiry) longestAnswered(k memberKey) time.Duration { return q.member(k).longest }

func (q *inquiry) forgotten(l *late) {
	f := q.claim("b-stateful-idle-drop", l.events, l.scope, Medium)
	idle := sortedDurations(l.events, func(e *event) time.Duration { return e.attempt.Idle })
	longest := q.longestAnswered(l.events[0].key())
	f.says("access-log", fmt.Sprintf("%d requests waited in vain, every one on a connection that had been idle for %s or more; none was answered on a connection idle for longer than %s, %d were on others",
		len(l.events), seconds(idle[0]), seconds(longest), l.route.answered), l.events...)
	f.excludes("c-idle-race", "the connections were not closed: nothing came back at all")
	f.excludes("d-timeout-below-latency", "the wait follows the idle age of the connection, not the request")
	f.leaves("d-cold-start", "d-hung")
	limit := longest.Truncate(100 * time.Millisecond)
	if limit > 5*time.Second {
		limit = limit.Truncate(time.Second)
	}
	f.expect("gateway", len(l.events), len(l.events), "bounded", "if it is the way that forgets; with a slow start of the member the requests would wait on new connections too")
	q.fill(map[string]string{"address": address(l.events), "newIdle": goDuration(max(limit, 100*time.Millisecond)), "hop": seconds(idle[0])}, f)
}
