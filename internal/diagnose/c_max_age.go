package diagnose

import (
	"fmt"
	"time"
)

var ageLimit = hypothesis{
	cause: "c-max-age", needs: theTrace,
	test: "the connections ended at one age, and none was answered at a greater one",
	look: maxAge,
}

// maxAge: the member, or something between, ends a connection at a fixed age, whatever it is doing.
func maxAge(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.own && e.closedUnanswered() && e.attempt.Reused }), (*event).key)
	for _, k := range keys {
		events := groups[k]
		endAge := func(e *event) time.Duration { return e.attempt.Age + e.attempt.Total }
		age, same, _ := clusterOf(events, endAge)
		m := q.members[k]
		if !mostly(same, events) || m.oldest > age+tolerance(age) || inOneMoment(same) {
			continue
		}
		f := q.claim("c-max-age", same, scopeOf(same), High)
		f.says("access-log", fmt.Sprintf("%d connections of %s ended under a request at an age of %s; none was answered at a greater age", len(same), k.member, seconds(age)), same...)
		idle := sortedDurations(same, closedAt)
		f.excludes("c-idle-race", fmt.Sprintf("the connections had been idle for anything between %s and %s when they ended", seconds(idle[0]), seconds(idle[len(idle)-1])))
		f.excludes("c-restart", "the connections ended at different times, each at its own age")
		f.leaves("c-l4-between")
		f.expect("backend", len(same), len(same), "bounded", "once the end waits for the request under way")
		q.fill(map[string]string{"address": k.server.String(), "age": seconds(age)}, f)
	}
}

// inOneMoment reports whether all of them failed within two seconds: then it is not their age that they share but the time.
func inOneMoment(events []*event) bool {
	return events[len(events)-1].at.Sub(events[0].at) < 2*time.Second
}
