package diagnose

import (
	"fmt"
	"time"

	"causeway/fault"
)

// lasting is how long nothing may listen before it is more than a restart.
const lasting = 10 * time.Second

// refused: the host answered that nothing listens, and went on doing so.
func refused(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(is(fault.Backend, fault.Connect, fault.Refused)), (*event).key)
	for _, k := range keys {
		events := groups[k]
		first, last := events[0].start, events[len(events)-1].at
		between := q.members[k].answers.between(first.Add(bucket), last.Add(-bucket))
		if between > 0 || len(events) < 3 {
			q.suspect(events, "look at the listener on "+k.server.String()+" (ss -ltn), at when its process started, and at what else may refuse for it: a firewall, or an address that several hosts share",
				"b-refused", "b-reject", "c-restart")
			continue
		}
		f := q.claim("b-refused", events, scopeOf(events), Medium)
		f.says("access-log", fmt.Sprintf("%d attempts to connect to %s were refused (ECONNREFUSED) within %s; it answered nobody in that time", len(events), k.server, seconds(last.Sub(first))), events...)
		if last.Sub(first) >= lasting || q.downAt(events[0], last) {
			f.Confidence = High
			f.excludes("c-restart", "a process that is started again listens again sooner")
		} else {
			f.leaves("c-restart")
		}
		f.leaves("b-reject")
		f.expect("backend", len(events), len(events), "exact", "with a listener on the port none of them is refused")
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}

// downAt reports whether the probes saw the event's member down at some time after the failures began, and it stayed so.
func (q *inquiry) downAt(e *event, last time.Time) bool {
	t := q.trailOf(e)
	if t == nil || len(t.changes) == 0 {
		return false
	}
	end := t.changes[len(t.changes)-1]
	return !end.up && end.at.After(e.start) && !end.at.After(last.Add(time.Minute))
}

// dropped: attempts to connect ran into their timeout, none succeeded, and none did later.
func dropped(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(is(fault.Network, fault.Connect, fault.Timeout)), (*event).key)
	for _, k := range keys {
		events := groups[k]
		m := q.members[k]
		between := m.answers.between(events[0].start.Add(bucket), events[len(events)-1].at)
		if _, later := m.answers.after(events[len(events)-1].at); later || between > 0 || len(events) < 3 {
			q.suspect(events, "the member was reached at other times: compare ListenOverflows on it (nstat), retransmits of established connections, and changes of the network at those times",
				"b-drop", "c-accept-queue", "b-loss", "b-transit-flap")
			continue
		}
		f := q.claim("b-drop", events, scopeOf(events), High)
		f.says("access-log", fmt.Sprintf("%d attempts to connect to %s got no answer at all; none succeeded then or later", len(events), k.server), events...)
		f.excludes("c-accept-queue", "with a full accept queue some attempts succeed, late")
		f.excludes("b-refused", "a host without listener answers at once")
		f.leaves("b-route")
		f.expect("backend", len(events), len(events), "exact", "with the way open none of them runs into the timeout")
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}

// noRoute: the system said that the member cannot be reached.
func noRoute(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(is(fault.Network, fault.Connect, fault.Unreachable)), (*event).key)
	for _, k := range keys {
		events := groups[k]
		f := q.claim("b-route", events, scopeOf(events), Medium)
		f.says("access-log", fmt.Sprintf("%d attempts to connect to %s ended with %s", len(events), k.server, events[0].fault.Errno), events...)
		f.leaves("b-reject")
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}
