package diagnose

import (
	"fmt"
	"time"
)

var headsOfLine = hypothesis{
	cause: "g-head-of-line-member", needs: theTrace,
	test: "requests wait in vain at a member that has several in progress while another has hardly any, and that member got the long ones",
	look: headOfLine,
}

// uneven is how many times as much work in progress one member must have as its idlest equal, and how many times as much
// work in each request, before turns are to blame.
const uneven = 2

// headOfLine: members are asked in turn, whatever a request costs. Turns that fall badly give one member the long ones, and
// what waits behind them runs into the timeout while the others have nothing to do. Long requests that wait for nobody end
// so however few are in progress; and where the others fail as well, no turn would have helped.
func headOfLine(q *inquiry) {
	members, groups := groupBy(q.unclaimed(func(e *event) bool { return e.own && isTimeout(e) && e.attempt.Least >= 0 }), (*event).key)
	for _, k := range members {
		events := groups[k]
		mine, theirs := q.member(k).work(), q.workElsewhere(k)
		if len(events) < minEvents || mine < uneven*theirs || theirs == 0 || 5*behindOthers(events) < 4*len(events) || q.fewUsers(events) || q.silence(events) {
			continue
		}
		w := q.withWork(events)
		if !w.rises() || q.lateAtLighter(k, mine, groups) {
			continue
		}
		busiest, idlest := extremes(events)
		f := q.claim("g-head-of-line-member", events, scopeOf(events), confidenceOf(distinctSeconds(events) >= minEvents))
		f.says("access-log", fmt.Sprintf("up to %d other requests were in progress at %s when these came to it, and as few as %d at another member of the pool when their time was up", busiest, k.member, idlest), events...)
		f.says("access-log", fmt.Sprintf("in %d of %d seconds they came when %d or more were in progress; so did %s of the requests that it answered", w.above, w.n, w.level, percent(w.served, w.all)))
		f.says("access-log", fmt.Sprintf("the kinds of requests that it got take %s by themselves, those that the others got %s", seconds(mine), seconds(theirs)))
		f.excludes("g-noisy-member", "it is the mix of requests in which it differs from the others")
		f.leaves("d-slow-route")
		f.may("g-worker-pool")
		f.expect("backend", 0, len(events), "bounded", "how long they would have waited at another member is not in the evidence")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

// behindOthers counts the events that waited behind others at their member while another one had next to nothing to do.
func behindOthers(events []*event) int {
	n := 0
	for _, e := range events {
		if e.attempt.Active >= 1 && e.attempt.Least >= 0 && e.attempt.Active+1 >= uneven*(e.attempt.Least+1) {
			n++
		}
	}
	return n
}

// lateAtLighter reports whether requests wait in vain as often, or half as often, at the equals of a member that got lighter
// ones.
func (q *inquiry) lateAtLighter(k memberKey, mine time.Duration, late map[memberKey][]*event) bool {
	events, attempts := 0, 0
	for o, m := range q.members {
		if o != k && q.equalsOf(o) == q.equalsOf(k) && mine >= uneven*m.work() {
			events, attempts = events+len(late[o]), attempts+m.attempts
		}
	}
	return uneven*events*q.member(k).attempts > len(late[k])*attempts
}

func extremes(events []*event) (busiest, idlest int) {
	idlest = maxLevel
	for _, e := range events {
		busiest, idlest = max(busiest, e.attempt.Active), min(idlest, e.attempt.Least)
	}
	return busiest, idlest
}

// workElsewhere is the average work in the requests that the equals of a member got.
func (q *inquiry) workElsewhere(k memberKey) time.Duration {
	sum, attempts := time.Duration(0), 0
	for o, m := range q.members {
		if o != k && q.equalsOf(o) == q.equalsOf(k) {
			sum, attempts = sum+m.work()*time.Duration(m.attempts), attempts+m.attempts
		}
	}
	return sum / time.Duration(max(1, attempts))
}

// behind are the causes of requests that waited behind others while another member had next to nothing to do. Without the
// trace that is not known of any.
func behind(events []*event) []string {
	if events[0].own && 5*behindOthers(events) < 4*len(events) {
		return nil
	}
	return []string{"g-head-of-line-member", "g-worker-pool"}
}
