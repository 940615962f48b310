package diagnose

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/accesslog"
)

var closesAtOnce = hypothesis{
	cause: "c-close-at-once", needs: theTrace,
	test: "the lost requests were sent on connections within a round trip or so of an answer of one sort, and no connection carried another request after such an answer",
	look: closeAtOnce,
}

// afterwards is what became of connections after the answers of a kind of request.
type afterwards struct {
	used int // the next request on it was answered
	lost int // it was not: the connection had been closed
}

// lastAnswers are the kinds of request that connections carried last. They are forgotten when there are too many.
type lastAnswers struct {
	by     map[connKey]*routeTally
	before []*routeTally // of each attempt of the record that is being read, what its connection carried before; nil: not known
}

// see notes the attempts of a record.
func (l *lastAnswers) see(i int, a *accesslog.Attempt, at *cell, route *routeTally) {
	if i == 0 {
		l.before = l.before[:0]
	}
	l.before = append(l.before, nil)
	if a.LocalPort == 0 || at == nil {
		return
	}
	k := connKey(at.number)<<16 | connKey(a.LocalPort)
	if before := l.by[k]; before != nil && a.Reused {
		l.before[i] = before
		if a.Status > 0 {
			before.after.used++
		} else {
			before.after.lost++
		}
	}
	if a.Status == 0 {
		delete(l.by, k)
		return
	}
	if l.by == nil || len(l.by) >= maxConnections {
		l.by = map[connKey]*routeTally{}
	}
	l.by[k] = route
}

// of is what the connection of an attempt had carried before; nil where it is not known.
func (l *lastAnswers) of(i int) *routeTally {
	if i < 0 || i >= len(l.before) {
		return nil
	}
	return l.before[i]
}

// closeAtOnce: a server that closes right after an answer without saying so loses what is sent on the connection until the gateway
// has learned of it, which takes a round trip. It is no idle limit: after such an answer no connection is ever used again, and after
// others they are.
func closeAtOnce(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		return e.own && e.closedUnanswered() && e.attempt.Reused && e.before != nil && closedAt(e) <= q.member(e.key()).roundTrips()
	}), (*event).key)
	for _, k := range keys {
		var in []*event
		kinds, byKind := groupBy(groups[k], func(e *event) *routeTally { return e.before })
		for _, r := range kinds {
			if 10*r.after.used <= r.after.lost {
				in = append(in, byKind[r]...)
			}
		}
		if len(in) >= minEvents && distinctSeconds(in) >= minEvents {
			q.reportCloseAtOnce(k, in)
		}
	}
}

// roundTrips is some round trips to a member, as connecting to it takes one.
func (m *memberTally) roundTrips() time.Duration {
	if m.connect.n == 0 {
		return tolerance(0)
	}
	return max(3*m.connect.quantile(0.5), tolerance(0))
}

func (q *inquiry) reportCloseAtOnce(k memberKey, events []*event) {
	answers, others := q.answersBefore(k, events)
	confidence := Medium
	alone := !q.answersThese(events) // what is never answered may be the request's own doing
	if others >= enoughAnswers && !alone {
		confidence = High
	}
	closed := sortedDurations(events, closedAt)
	f := q.claim("c-close-at-once", events, Scope{Pool: events[0].pool, Settings: k.settings, Member: k.member}, confidence)
	f.says("access-log", fmt.Sprintf("%d requests were lost on connections of %s that ended %s after they had answered %s, without having said so; no connection carried another request after that",
		len(events), k.member, fromTo(closed), someOf(answers)), events...)
	if others > 0 {
		f.says("access-log", fmt.Sprintf("after other answers %d connections were used again", others))
	}
	if slices.ContainsFunc(events, func(e *event) bool { return carriesBody(e.before.method) }) {
		f.says("access-log", "such requests carry a body: some servers close at once where a handler left that unread")
	}
	f.excludes("c-idle-race", "the connections were not idle: they ended within a few round trips of an answer")
	f.excludes("c-restart", fmt.Sprintf("they ended at %d different moments", distinctSeconds(events)))
	f.leaves("c-keepalive-max-requests")
	if alone {
		f.leaves("g-crash-on-input")
	}
	f.expect("backend", len(events), len(events), "exact", "a connection that says Connection: close is not used again, and one that is not closed loses nothing")
	q.fill(map[string]string{"address": k.server.String()}, f)
}

// answersBefore are the kinds of request after which connections of a member ended, and how many connections were used again after
// others.
func (q *inquiry) answersBefore(k memberKey, events []*event) (kinds []string, others int) {
	mine := map[*routeTally]bool{}
	for _, e := range events {
		if r := e.before; !mine[r] {
			mine[r] = true
			kinds = append(kinds, r.method+" "+r.path)
		}
	}
	for key, r := range q.routes {
		if key.settings == k.settings && !mine[r] {
			others += r.after.used
		}
	}
	return kinds, others
}

// carriesBody reports whether requests of a method usually have one (RFC 9110 section 9.3).
func carriesBody(method string) bool {
	switch method {
	case "POST", "PUT", "PATCH":
		return true
	}
	return false
}
