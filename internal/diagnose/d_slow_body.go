package diagnose

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/fault"
)

var slowBody = hypothesis{
	cause: "d-slow-body", needs: theLog,
	test: "the head of the answer came, and its body stood still for the timeout",
	look: bodyStoodStill,
}

// bodyStoodStill tells bodies that came to a standstill from streams that live for long and are silent now and then: the
// timer that ended both runs between two reads, so a stream that outlives it has kept it up for a while.
func bodyStoodStill(q *inquiry) {
	settings, groups := groupBy(q.unclaimed(is(fault.Backend, fault.Body, fault.Timeout)), func(e *event) string { return e.settings })
	for _, s := range settings {
		var still, gaps, switched []*event
		for _, e := range q.besideFrozen(groups[s]) {
			if e.status == 101 {
				switched = append(switched, e)
			} else if limit := q.timeouts[s]; limit > 0 && e.attempt.Receive > limit+limit/4 {
				gaps = append(gaps, e)
			} else {
				still = append(still, e)
			}
		}
		if len(switched) > 0 { // it has no body: both sides may be silent in it for as long as they like
			q.suspect(switched, "these were WebSockets, and ended when nothing had come from the member for the request timeout: let one side send a ping sooner than that, and look whether the member was at work",
				"d-ws-sse-idle", "d-read-gap", "d-hung")
		}
		if len(gaps) > 0 {
			q.readGap(s, gaps)
		}
		if len(still) > 0 {
			f := q.claim("d-slow-body", still, scopeOf(still), confidenceOf(still[0].own))
			f.says("access-log", fmt.Sprintf("%s began, and stood still for the timeout with bytes of the body to come", count(len(still), "answer", "answers")), still...)
			f.excludes("d-slow-first-byte", "the head had come")
			f.leaves("d-read-gap")
			q.fill(map[string]string{"address": address(still)}, f)
		}
	}
}

// besideFrozen leaves out what was under way at members that stood still as a whole: of a pause in one answer these say
// nothing.
func (q *inquiry) besideFrozen(events []*event) (rest []*event) {
	var frozen []*event
	_, vain := groupBy(q.events, (*event).key)
	for k := range vain {
		vain[k] = slices.DeleteFunc(vain[k], func(e *event) bool { return e.fault.Phase == fault.Body })
	}
	for _, e := range events {
		if q.frozen(e, max(q.timeouts[e.settings], quiet), vain[e.key()]) {
			frozen = append(frozen, e)
		} else {
			rest = append(rest, e)
		}
	}
	if len(frozen) > 0 {
		q.suspect(frozen, "their members answered no other request either while these answers stood still: look whether they ran, were paused, or could be reached at those times",
			"d-vm-freeze", "d-gc-pause", "b-drop", "a-slow-eviction", "d-slow-body", "d-read-gap")
	}
	return rest
}

// frozen reports whether a member answered nobody during the last time of an event, and one that then asked it in vain.
func (q *inquiry) frozen(e *event, during time.Duration, vain []*event) bool {
	slack := bucket + e.resolution()
	from, to := e.at.Add(slack-during), e.at.Add(-slack)
	if !to.After(from) || q.member(e.key()).answers.between(from, to) > 0 {
		return false
	}
	i, _ := slices.BinarySearchFunc(vain, from, func(x *event, t time.Time) int { return x.at.Compare(t) })
	for ; i < len(vain) && !vain[i].start.After(e.at.Add(during)); i++ {
		if x := vain[i]; !x.start.Before(from) && x.start.Before(to) {
			return true
		}
	}
	return false
}

// readGap: bytes came for longer than the timeout allows between two of them, and then none for that long.
func (q *inquiry) readGap(settings string, events []*event) {
	received := sortedDurations(events, func(e *event) time.Duration { return e.attempt.Receive })
	f := q.claim("d-read-gap", events, scopeOf(events), High)
	f.says("access-log", fmt.Sprintf("%s ended %s after the first byte, for want of the next within the timeout of %s", count(len(events), "stream", "streams"),
		fromTo(received), seconds(q.timeouts[settings])), events...)
	f.excludes("d-timeout-below-latency", "they had outlived the timeout: it counts from the last byte that came")
	f.leaves("d-slow-body", "d-ws-sse-idle")
	f.expect("backend", len(events), len(events), "bounded", "a byte sooner than that keeps a stream open")
	q.fill(map[string]string{"address": address(events)}, f)
}
