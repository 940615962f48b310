package diagnose

import (
	"fmt"
	"time"
)

var shortDrains = hypothesis{
	cause: "c-drain-too-short", needs: theLog | theDocument,
	test: "a member that answers gets no new requests any more while the others go on, and later all that it still had end at one moment; the document no longer has it",
	look: drainTooShort,
}

// drainTooShort: a member was taken out of service with requests under way, and stopped before they had ended. Nothing new
// came to it any more, so what ended with it had begun before; how long after is how long it drained.
func drainTooShort(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(brokeSomehow), (*event).key)
	for _, k := range keys {
		events, m := groups[k], q.member(k)
		left, end := lastStart(events), events[len(events)-1].at
		slack := bucket + events[0].resolution()
		if last, ok := m.tried.before(q.to.Add(time.Second)); ok {
			left = later(left, last)
		}
		drained := end.Sub(left)
		if q.config == nil || q.listed(k.member) || q.trailOf(events[0]) != nil { // it was not taken out, or not by the document
			continue
		}
		if len(events) < 3 || q.fewUsers(events) || m.answers.between(lastStart(events), end) == 0 { // it hung, and was given up
			continue
		}
		if !endedTogether(events) || drained < 2*slack || q.turnsAfter(k, left.Add(slack)) < minEvents {
			continue
		}
		f := q.claim("c-drain-too-short", events, scopeOf(events), confidenceOf(events[0].own))
		f.says("access-log", fmt.Sprintf("%s got its last request at %s; %s later the %d that it still had ended at once, up to %s after they had begun",
			k.member, stamp(left), seconds(drained), len(events), seconds(longest(events))), events...)
		f.excludes("c-restart", "nothing new was sent to it any more: it had been taken out before it stopped")
		f.excludes("a-slow-eviction", "no attempt on it failed after it had stopped")
		f.may("c-scale-in", "c-max-age", "g-oom-kill")
		f.expect("backend", 0, len(events), "bounded", fmt.Sprintf("they had lasted up to %s when they were cut; how much longer they needed is not in the evidence", seconds(longest(events))))
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}

// brokeSomehow matches a connection that ended under a request, in the trace or in Azure's log.
func brokeSomehow(e *event) bool { return brokeUnderRequest(e) || closedSomehow(e) }

// turnsAfter is how many attempts a member would have had after a time, by its share of those before it.
func (q *inquiry) turnsAfter(k memberKey, gone time.Time) int {
	return q.missedTurns(k, gone, gone)
}

// longest is the most that one of some requests had lasted.
func longest(events []*event) time.Duration {
	var most time.Duration
	for _, e := range events {
		most = max(most, e.at.Sub(e.start))
	}
	return most
}
