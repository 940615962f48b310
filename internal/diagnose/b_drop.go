package diagnose

import (
	"fmt"

	"causeway/internal/fault"
)

var droppedConnections = hypothesis{
	cause: "b-drop", needs: theTrace,
	test: "attempts to connect run into their timeout, and none succeeds then or later",
	look: dropped,
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
		if last, before := m.answers.before(events[0].start); before { // a machine that is gone looks the same from here
			q.suspect(events, fmt.Sprintf("it answered until %s and was never reached again: look whether its machine is there, then which rule of the network changed then", stamp(last)),
				"a-slow-eviction", "b-drop", "b-route")
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
