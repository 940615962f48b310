package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/fault"
)

var deafMembers = hypothesis{
	cause: "c-ignores-sigterm-listener-close", needs: theTrace,
	test: "new connections are refused while requests on those that exist are answered, and no new one is made for as long",
	look: listenerClosedFirst,
}

// listenerClosedFirst: a member that is told to stop closes its port and goes on with the connections that it has. The
// gateway, which was not told, fails when it needs a new one.
func listenerClosedFirst(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(is(fault.Backend, fault.Connect, fault.Refused)), (*event).key)
	for _, k := range keys {
		events, m := groups[k], q.member(k)
		first, last := events[0].at, events[len(events)-1].at
		answers := m.answers.between(first, last.Add(-bucket))
		fresh := m.fresh.between(first.Add(2*bucket+m.waits.most), last.Add(-bucket)) // what was connected before may be answered after
		if len(events) < minEvents || answers < 2*minEvents || fresh > 0 || !spread(events, m) {
			continue
		}
		again, back := m.fresh.after(last)
		f := q.claim("c-ignores-sigterm-listener-close", events, scopeOf(events), Medium)
		f.says("access-log", fmt.Sprintf("from %s to %s all %d attempts to connect to %s were refused, while it gave %d answers on connections that it had", stamp(first), stamp(last), len(events), k.server, answers), events...)
		if back {
			f.says("access-log", "it took new connections again from "+stamp(again))
		}
		f.excludes("b-refused", "it was there, and answered")
		f.excludes("c-accept-queue", "a full queue drops, and does not refuse")
		f.leaves("b-reject")
		f.may("c-backend-conn-limit")
		f.expect("backend", len(events), len(events), "exact", "a member that leaves its port open until the gateway no longer sends loses none of them")
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}

// spread reports whether refusals and answers lie side by side several times, so that it was not a moment in which both met.
func spread(events []*event, m *memberTally) bool {
	const piece = time.Second / 2
	n, last := 0, time.Time{}
	for _, e := range events {
		if e.at.Sub(last) >= piece && m.answers.between(e.at, e.at.Add(piece)) > 0 {
			n, last = n+1, e.at
		}
	}
	return n >= 3
}
