package diagnose

import (
	"fmt"
	"slices"
	"time"
)

var crash = hypothesis{
	cause: "g-crash-on-input", needs: theTrace,
	test: "one kind of request is never answered, on fresh connections too, and ends no later than others are answered, while at the same times the same member answers others",
	look: crashOnInput,
}

// crashOnInput: a kind of request makes the member drop the connection, each time, on whatever connection it comes. Its
// exclusiveness tells it from accidents: the route never gets an answer, while at the very same times the same
// member answers others on the same kind of connection. Where it came on reused connections only, others must have been
// answered on connections that were nearer to any limit.
func crashOnInput(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.own && e.closedUnanswered() }), (*event).route)
	for _, k := range keys {
		events := groups[k]
		r := q.routes[k]
		fresh, reused, answered := q.company(events)
		confidence := confidenceOf(fresh > 0)
		if r == nil || r.answered > 0 || len(events) < minEvents || 5*answered < 4*len(events) || fresh == 0 && !q.withinLimits(events) {
			q.suspect(events, "send one of these requests alone, on a fresh connection, to the member, and read its own log at that time", suspectsOfClose(events)...)
			continue
		}
		if timer, at, off := atRoundTimer(events); len(at) >= minEvents && len(at) > 9*len(off) {
			q.suspect(events, "each of them ended "+seconds(timer)+" after it had begun: look for a limit of that length in the server, which ends the worker, or in what it asks",
				"d-worker-timeout-kill", "d-inner-timeout", "g-crash-on-input")
			continue
		}
		if 2*q.outlasting(events) > len(events) {
			q.suspect(events, "the member worked on them for longer than on what it answers: look in its own log for a limit that ended them, and for what they had done by then",
				"g-crash-on-input", "d-worker-timeout-kill", "d-inner-timeout", "g-oom-kill")
			continue
		}
		if odd := oddIn(k.path); odd != "" {
			q.suspect(events, "the path has "+odd+": send the same request to the member with a plain path, and read its own log at that time", "e-uri-rejected", "g-crash-on-input")
			continue
		}
		f := q.claim("g-crash-on-input", events, scopeOf(events), confidence)
		f.says("access-log", fmt.Sprintf("%s %s was never answered: %d attempts, %d on fresh connections and %d on reused ones, each ended by the member before a byte of an answer",
			k.method, k.path, len(events), fresh, reused), events...)
		f.says("access-log", fmt.Sprintf("%d of them have another answer of the same member beside them, each its own: within a second, on the same kind of connection, between the first and the last of them", answered))
		if fresh > 0 {
			f.excludes("c-idle-race", fmt.Sprintf("%d of them were on connections that had never been idle", fresh))
		} else {
			f.excludes("c-idle-race", "other requests were answered on connections that had been idle for twice as long, and were twice as old and as used, as the typical one of these")
		}
		f.excludes("c-restart", "the member answered other requests at those times")
		f.leaves("e-uri-rejected", "c-middlebox-reset")
		f.expect("backend", len(events), len(events), "bounded", "once the member answers this request; with what status is another question")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

// withinLimits reports whether the member answered others on connections that were at least twice as idle, twice as old and
// twice as used as most of the events' are. A limit of any of the three would end connections at the limit and nowhere else.
func (q *inquiry) withinLimits(events []*event) bool {
	half := func(within func(m *memberTally, e *event) bool) bool {
		n := len(filtered(events, func(e *event) bool { return within(q.members[e.key()], e) }))
		return 2*n >= len(events)
	}
	return half(func(m *memberTally, e *event) bool { return 2*e.attempt.Idle <= m.longest }) &&
		half(func(m *memberTally, e *event) bool { return 2*e.attempt.Age <= m.oldest }) &&
		half(func(m *memberTally, e *event) bool { return 2*e.attempt.Uses <= m.mostUses })
}

// outlasting counts the events that lived clearly longer than the answers of their member take. A crash follows what the
// request says; what ends long work may be a clock, and a clock that fires late shows no round time.
func (q *inquiry) outlasting(events []*event) int {
	n := 0
	for _, e := range events {
		if usual := q.members[e.key()].waits.quantile(0.9); lasted(e) > max(2*usual, 100*time.Millisecond) {
			n++
		}
	}
	return n
}

// company counts the events on fresh and on reused connections, and how many of them have an answer of their own beside them:
// one that their member gave on the same kind of connection, within a second and between the first and the last of them.
func (q *inquiry) company(events []*event) (fresh, reused, answered int) {
	members, byMember := groupBy(events, (*event).key)
	for _, k := range members {
		m := q.members[k]
		old := filtered(byMember[k], func(e *event) bool { return e.attempt.Reused })
		made := filtered(byMember[k], func(e *event) bool { return !e.attempt.Reused })
		on := func(these []*event, answers func([]stretch) []beat) int {
			spans := among(byMember[k], aroundEach(these, time.Second))
			return matched(spans, answers(spans), q.clock)
		}
		answered += on(made, func(s []stretch) []beat { return m.fresh.within(s) }) + on(old, func(s []stretch) []beat { return less(m.answers.within(s), m.fresh.within(s)) })
		fresh, reused = fresh+len(made), reused+len(old)
	}
	return fresh, reused, answered
}

// suspectsOfClose are the causes that leave closed connections like these.
func suspectsOfClose(events []*event) []string {
	fresh, reused := 0, 0
	for _, e := range events {
		if e.attempt.Reused {
			reused++
		} else {
			fresh++
		}
	}
	var out []string
	if reused > 0 {
		out = append(out, "c-idle-race", "c-keepalive-max-requests", "c-max-age", "b-stateful-idle-rst")
	}
	if fresh > 0 {
		out = append(out, "c-backend-conn-limit", "e-foreign-service")
	}
	if slices.ContainsFunc(events, func(e *event) bool { return oddIn(e.path) != "" }) {
		out = append(out, "e-uri-rejected")
	}
	return append(out, "g-crash-on-input", "g-oom-kill", "c-restart")
}
