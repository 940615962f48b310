package diagnose

import (
	"fmt"
	"slices"
	"time"
)

var lostRequests = hypothesis{
	cause: "d-hung", needs: theLog,
	test: "requests end at the request timeout, no answer took the last third before it, others of the same kind were answered meanwhile, and it does not come in bouts",
	look: hung,
}

// hung names the likelier of two: requests that are lost, or a second kind of request under the same name that always
// takes longer than the timeout. Only a longer wait tells them apart.
func hung(q *inquiry) {
	for _, l := range q.latecomers() {
		if l.limit == 0 || len(l.events) < minEvents || l.route.lastThird(l.limit) > 0 || l.route.waits.n < enoughAnswers ||
			q.silence(l.events) || !l.route.answeredMeanwhile(l.events) || q.afterQuiet(&l) || q.beganInSilence(l.events) {
			continue
		}
		if b := q.boutsOf(&l); b.come() {
			q.suspect(l.events, b.next(&l), append([]string{"d-db-lock", "g-dependency-down", "d-hung"}, q.besideBouts(&l)...)...)
			continue
		}
		f := q.claim("d-hung", l.events, l.scope, Medium)
		f.says("access-log", fmt.Sprintf("%d requests waited the whole request timeout of %s in vain, while others of the same kind were answered", len(l.events), seconds(l.limit)), l.events...)
		f.says("access-log", fmt.Sprintf("the other %d were answered within %s: between that and the timeout there is nothing", l.route.waits.n, seconds(l.route.slowest())))
		f.leaves("d-timeout-below-latency")
		if !l.events[0].own {
			f.leaves("b-stateful-idle-drop", "d-cold-start")
		}
		f.expect("gateway", 0, len(l.events), "unknown", "nothing in the evidence says that a longer request timeout would help")
		f.expect("backend", len(l.events), len(l.events), "bounded", "once the member no longer loses requests")
		q.fill(map[string]string{"timeout": seconds(l.limit), "address": address(l.events)}, f)
	}
}

// beganInSilence reports whether most of these requests began in a gap between two answers of their member in which others began that waited
// in vain as well: then the member was away, and answered again before the last of them had given up.
func (q *inquiry) beganInSilence(events []*event) bool {
	vain, n := map[memberKey][]time.Time{}, 0
	for _, e := range filtered(q.events, isTimeout) {
		vain[e.key()] = append(vain[e.key()], e.start)
	}
	for _, starts := range vain {
		slices.SortFunc(starts, time.Time.Compare)
	}
	for _, e := range events {
		m, slack := q.member(e.key()), bucket+e.resolution()
		before, _ := m.answers.before(e.start.Add(slack))
		after, ok := m.answers.after(e.start.Add(slack))
		if !ok {
			after = q.to
		}
		first, _ := slices.BinarySearchFunc(vain[e.key()], before, time.Time.Compare)
		end, _ := slices.BinarySearchFunc(vain[e.key()], after, time.Time.Compare)
		if end-first > minEvents {
			n++
		}
	}
	return 2*n > len(events)
}

// afterQuiet reports whether these requests came after a time in which their member was asked nothing, and few others do:
// then it may be the start after that time that was slow.
func (q *inquiry) afterQuiet(l *late) bool {
	n, first, tries := 0, 0, 0
	keys, _ := groupBy(l.events, (*event).key)
	for _, k := range keys {
		some, rest := q.member(k).tried.afterQuiet(l.limit)
		first, tries = first+some.n, tries+some.n+rest.n
	}
	for _, e := range l.events {
		if q.member(e.key()).tried.quietBefore(e.start, l.limit) {
			n++
		}
	}
	return 5*n >= 4*len(l.events) && binomialTail(n, len(l.events), float64(first)/float64(max(1, tries))) < significance
}
