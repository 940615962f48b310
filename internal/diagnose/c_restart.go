package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/fault"
)

var restartedMember = hypothesis{
	cause: "c-restart", needs: theTrace,
	test: "connections broke together or new ones were refused, nobody was answered meanwhile, and the member answered again by itself",
	look: restart,
}

const (
	longestRestart = 5 * time.Minute
	manyRestarts   = 5 // of one member: beyond that it is a pattern of another kind
)

// restart: the process ended and came back. Connections broke together or new ones were refused, nobody was answered
// meanwhile, and the member answered again before the probes had taken it out.
func restart(q *inquiry) {
	var order []memberKey
	away := map[memberKey][]outage{}
	q.memberOutages(func(k memberKey, m *memberTally, o outage) {
		returned := q.returned(&o, m)
		o.events = trimBefore(o.events)
		if !returned || !o.likeARestart(m) || q.evicted(o, o.back) {
			return
		}
		if away[k] == nil {
			order = append(order, k)
		}
		away[k] = append(away[k], o)
	})
	for _, k := range order {
		q.restarts(k, away[k])
	}
}

// returned reports whether the member answered again by itself, and notes when. One that is held back gets no requests: of it, its
// probes tell.
func (q *inquiry) returned(o *outage, m *memberTally) (ok bool) {
	if o.back, ok = m.answers.after(o.last()); ok || !wasHeldBack(o.events) {
		return ok
	}
	o.back, o.probed = q.upByProbe(o.events[0], o.last())
	return o.probed
}

// whom says who was answered.
func (o *outage) whom() string {
	if o.probed {
		return "a probe"
	}
	return "again"
}

// likeARestart reports whether a process that ends and comes back leaves such a run: everything to do with the member
// fails at once, refused by its host, for a while.
func (o *outage) likeARestart(m *memberTally) bool {
	if o.refused == 0 || o.silent > 0 || !refusedOnly(o.events) || o.last().Sub(o.events[0].at) > longestRestart {
		return false
	}
	if o.broken == 0 && o.refused < 3 {
		return false
	}
	return m.answers.between(o.events[0].at.Add(2*bucket), o.last().Add(-2*bucket)) == 0
}

func (q *inquiry) restarts(k memberKey, runs []outage) {
	var events []*event
	broken, refused, poison := 0, 0, poisons{}
	for _, o := range runs {
		poison.see(q, o.events)
		events = append(events, o.events...)
		broken, refused = broken+o.broken, refused+o.refused
	}
	if len(runs) > manyRestarts {
		q.suspect(events, fmt.Sprintf("%s was away %d times: look when its process started, and what ends it", k.member, len(runs)), "c-restart", "g-crash-on-input", "g-oom-kill", "b-reject")
		return
	}
	if kind, ok := poison.inAll(len(runs)); ok {
		q.suspectPoison(kind, events, "c-restart")
		return
	}
	confidence := Medium
	if broken > 0 && refused >= 2 {
		confidence = High
	}
	m, last := q.members[k], runs[len(runs)-1]
	f := q.claim("c-restart", events, scopeOf(events), confidence)
	f.says("access-log", fmt.Sprintf("%s was away %s: %d connections broke under a request and %d new ones were refused, first at %s, last at %s; nobody was answered meanwhile, and it answered %s at %s",
		k.member, count(len(runs), "time", "times"), broken, refused, stamp(runs[0].events[0].at), stamp(last.last()), last.whom(), stamp(last.back)), events...)
	if promised := q.promised(events); len(promised) >= 3 && 2*len(promised) > broken { // of one that was killed, the most were at work
		f.says("access-log", fmt.Sprintf("%s broke within %s of an answer on the same connection that did not say Connection: close: as it stops, the member promises to keep connections, and closes them",
			fmt.Sprintf("%d of the lost requests", len(promised)), seconds(m.roundTrips())), promised...)
		f.may("c-drain-promise")
	}
	f.excludes("b-refused", "the member came back by itself")
	f.excludes("c-idle-race", "new connections were refused: the whole process was away, not one connection")
	f.leaves("g-oom-kill", "g-crash-on-input")
	f.expect("backend", countVisible(events), len(events), "bounded", "a graceful stop loses none of them; those under way when the process ends depend on how long it waits")
	q.fill(map[string]string{"address": k.server.String()}, f)
}

// promised are the events on connections that had answered a round trip or so before they ended: that answer did not announce the end,
// or the connection would not have been used again.
func (q *inquiry) promised(events []*event) []*event {
	return filtered(events, func(e *event) bool {
		return e.own && e.closedUnanswered() && e.attempt.Reused && closedAt(e) <= q.member(e.key()).roundTrips()
	})
}

// trimBefore leaves out connections that broke more than two seconds before the first refusal: another cause's.
func trimBefore(events []*event) []*event {
	var first time.Time
	for _, e := range events {
		if connectFailed(e) {
			first = e.at
			break
		}
	}
	if first.IsZero() {
		return events
	}
	var out []*event
	for _, e := range events {
		if first.Sub(e.at) <= quiet {
			out = append(out, e)
		}
	}
	return out
}

// refusedOnly reports whether every attempt to connect was answered by a refusal or a reset, as a host does whose
// process is away.
func refusedOnly(events []*event) bool {
	for _, e := range events {
		if connectFailed(e) && e.fault.Kind != fault.Refused && e.fault.Kind != fault.Reset {
			return false
		}
	}
	return true
}

// evicted reports whether the probes had taken the member out before it came back.
func (q *inquiry) evicted(o outage, back time.Time) bool {
	t := q.trailOf(o.events[0])
	if t == nil {
		return false
	}
	down, went := t.wentDown(o.from(), back)
	if !went {
		return false
	}
	return o.last().Sub(down.at) < quiet && back.Sub(down.at) > quiet
}
