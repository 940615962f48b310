package diagnose

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/fault"
)

var connectionLimits = hypothesis{
	cause: "c-backend-conn-limit", needs: theTrace,
	test: "new connections are ended at once when a number of requests or more are in progress at the member, and hardly ever when fewer are; reused ones work meanwhile",
	look: tooManyConnections,
}

// tooManyConnections: the member takes so many connections and ends what comes beyond them. A connection is made only when all
// others are busy, so that the requests in progress are about the connections open.
func tooManyConnections(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(turnedAway), (*event).key)
	for _, k := range keys {
		var events []*event
		above, below, again := 0, 0, false
		places, byPlace := groupBy(groups[k], (*event).workPlace)
		for _, at := range places {
			if more, less, ok := q.limited(at, byPlace[at]); ok {
				events, above, below = append(events, byPlace[at]...), above+more, below+less
				again = again || q.works[at].workAgain(byPlace[at])
			}
		}
		if len(events) == 0 {
			continue
		}
		f := q.claim("c-backend-conn-limit", events, scopeOf(events), confidenceOf(again))
		f.says("access-log", fmt.Sprintf("%s ended %d new connections before an answer, each when the same instance of the gateway had %d or more other requests in progress there", k.member, len(events), leastActive(events)), events...)
		f.says("access-log", fmt.Sprintf("of its new connections that worked, %d were made when fewer were in progress, %d when as many or more were", below, above))
		f.excludes("g-crash-on-input", "the same kinds of requests are answered when less is in progress")
		f.excludes("c-restart", "the connections that were busy at those times were not cut")
		if !again {
			f.says("access-log", "no new connection was seen to work after the first of them; whether one does as soon as fewer are open is not in the evidence")
			f.may("b-source-blocked")
		}
		f.may("c-accept-queue", "c-syn-limit", "c-middlebox-reset")
		f.expect("backend", len(events), len(events), "bounded", "with a limit above what the gateway opens at its busiest")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

// limited reports whether a member ends new connections of one instance of the gateway by their number: above and below are
// those that worked. What ends connections for another reason does so at any number, ends the busy ones too, ends one kind of
// request and no other, or ends them by how soon they follow upon others.
func (q *inquiry) limited(at workPlace, events []*event) (above, below int, ok bool) {
	w, least := q.works[at], leastActive(events)
	if w == nil || len(events) < minEvents || distinctSeconds(events) < 3 || least < 2 {
		return 0, 0, false
	}
	above, below = w.fresh.split(least)
	ok = 20*above <= len(events) && below >= minEvents && onTop(len(events), len(events)+above, len(events)+above+below) <= significance &&
		20*q.cutMeanwhile(events) <= len(events) && 10*q.attended(events) >= 9*len(events) &&
		10*q.ofKindsServed(events) >= 9*len(events) && 2*w.rightBefore(events) <= len(events)
	return above, below, ok
}

// rightBefore counts the events within a second before which a new connection was made: a limit of their rate lets some
// through whenever it ends others.
func (w *work) rightBefore(events []*event) int {
	n := 0
	for _, e := range events {
		if w.made.between(e.start.Add(bucket-time.Second), e.start) > 0 {
			n++
		}
	}
	return n
}

// workAgain reports whether new connections work between the events: whoever lets none through any more is no limit.
func (w *work) workAgain(events []*event) bool {
	return w.made.between(events[0].start.Add(bucket), events[len(events)-1].start.Add(-bucket)) > 0
}

// ofKindsServed counts the events whose kind of request is answered too.
func (q *inquiry) ofKindsServed(events []*event) int {
	return len(filtered(events, func(e *event) bool { return q.route(e.route()).answered >= minEvents }))
}

// turnedAway matches a new connection that the member ended before it answered on it.
func turnedAway(e *event) bool {
	closed := e.fault.Kind == fault.Closed || e.fault.Kind == fault.Reset
	return e.own && !e.attempt.Reused && (e.closedUnanswered() || e.tried && e.fault.Phase == fault.TLS && closed)
}

func leastActive(events []*event) int {
	least := maxLevel
	for _, e := range events {
		least = min(least, e.attempt.Active)
	}
	return least
}

// cutMeanwhile counts connections that had carried requests before, and that the same member cut within a second of
// one of the events.
func (q *inquiry) cutMeanwhile(events []*event) int {
	n, k := 0, events[0].key()
	for _, e := range q.events {
		if e.own && e.attempt.Reused && e.key() == k && brokeUnderRequest(e) && beside(events, e.at, time.Second) {
			n++
		}
	}
	return n
}

// attended counts the events within a second of which their member gave answers.
func (q *inquiry) attended(events []*event) int {
	n := 0
	for _, e := range events {
		if q.member(e.key()).answers.between(e.at.Add(-time.Second/2), e.at.Add(time.Second/2)) > 0 {
			n++
		}
	}
	return n
}

// distinctSeconds counts the seconds of the clock in which events were.
func distinctSeconds(events []*event) int {
	seen := map[int64]bool{}
	for _, e := range events {
		seen[e.at.Unix()] = true
	}
	return len(seen)
}

// beside reports whether one of the events, in order of time, was within a time of a moment.
func beside(events []*event, at time.Time, within time.Duration) bool {
	i, _ := slices.BinarySearchFunc(events, at.Add(-within), func(e *event, t time.Time) int { return e.at.Compare(t) })
	return i < len(events) && !events[i].at.After(at.Add(within))
}
