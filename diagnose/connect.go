package diagnose

import (
	"fmt"

	"causeway/fault"
)

// refused: the host answered that nothing listens.
func refused(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(is(fault.Backend, fault.Connect, fault.Refused)), (*event).key)
	for _, k := range keys {
		events := groups[k]
		between := q.members[k].answeredBetween(events[0].start, events[len(events)-1].at)
		if between > 0 && len(events) < minEvents {
			q.suspect(events, "look at the listener on "+k.server.String()+" (ss -ltn) and at the firewall on the way", "b-refused", "b-reject", "c-restart")
			continue
		}
		confidence := High
		if between > 0 {
			confidence = Medium
		}
		f := q.claim("b-refused", events, scopeOf(events), confidence)
		f.says("access-log", fmt.Sprintf("%d attempts to connect to %s were refused (ECONNREFUSED); %d requests were answered by it in that time", len(events), k.server, between), events...)
		if between == 0 {
			f.excludes("c-restart", "the member did not answer again in between")
		}
		f.leaves("b-reject")
		f.expect("backend", len(events), len(events), "exact", "with a listener on the port none of them is refused")
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}

// dropped: attempts to connect ran into their timeout, and none succeeded.
func dropped(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(is(fault.Network, fault.Connect, fault.Timeout)), (*event).key)
	for _, k := range keys {
		events := groups[k]
		between := q.members[k].answeredBetween(events[0].start, events[len(events)-1].at)
		if between > 0 || len(events) < 2 {
			q.suspect(events, "compare ListenOverflows on the member (nstat) and retransmits of established connections: some attempts do succeed",
				"b-drop", "c-accept-queue", "b-loss")
			continue
		}
		confidence := Medium
		if len(events) >= 3 {
			confidence = High
		}
		f := q.claim("b-drop", events, scopeOf(events), confidence)
		f.says("access-log", fmt.Sprintf("%d attempts to connect to %s got no answer at all; none succeeded in that time", len(events), k.server), events...)
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
