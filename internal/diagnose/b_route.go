package diagnose

import (
	"fmt"

	"causeway/internal/fault"
)

var noRouteToMember = hypothesis{
	cause: "b-route", needs: theTrace,
	test: "the system says that host or network cannot be reached",
	look: noRoute,
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
