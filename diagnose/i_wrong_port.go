package diagnose

import (
	"fmt"
	"net/netip"
	"time"

	"causeway/fault"
)

var wrongPorts = hypothesis{
	cause: "i-wrong-port", needs: theTrace,
	test: "every member refuses at the port that it is asked at now, and answered at another one until the port was changed",
	look: wrongPort,
}

// wrongPort: the port of the settings was changed, and the servers still listen where they did.
func wrongPort(q *inquiry) {
	settings, groups := groupBy(q.unclaimed(func(e *event) bool {
		return e.own && (is(fault.Backend, fault.Connect, fault.Refused)(e) || e.fault.Kind == fault.NoHealthy && q.reasonAt(e).refused())
	}), func(e *event) string { return e.settings })
	for _, s := range settings {
		events := groups[s]
		before, now, ok := q.portChanged(s, events[0].start)
		if !ok || len(events) < 3 {
			continue
		}
		f := q.claim("i-wrong-port", events, scopeOf(events), High)
		f.says("access-log", fmt.Sprintf("the members answered at port %d until %s; since then they are asked at port %d, and every one of them refuses", before, stamp(events[0].start), now), events...)
		f.excludes("b-refused", "they all refuse since the port was changed, and not before")
		f.expect("gateway", len(events), len(events), "exact", "at the port of before they answered")
		q.fill(map[string]string{"address": address(events), "port": fmt.Sprint(before)}, f)
	}
}

// refused reports whether a member was taken out because it refuses connections.
func (c change) refused() bool { return c.reason == "tcp_connect" && c.code == "ECONNREFUSED" }

// portChanged is the port at which the members under settings answered before a time, and another one at which they have
// been asked since, without an answer.
func (q *inquiry) portChanged(settings string, since time.Time) (before, now uint16, changed bool) {
	answered, asked := map[netip.Addr]uint16{}, map[netip.Addr]uint16{}
	for k, m := range q.members {
		if k.settings != settings || !k.server.IsValid() {
			continue
		}
		if m.answered > 0 {
			if m.tried.between(since.Add(bucket), q.to) > 0 {
				return 0, 0, false // still in use
			}
			answered[k.server.Addr()] = k.server.Port()
		} else {
			asked[k.server.Addr()] = k.server.Port()
		}
	}
	for i := range q.trails {
		if t := &q.trails[i]; t.settings == settings {
			if at, err := netip.ParseAddrPort(t.dial); err == nil {
				asked[at.Addr()] = at.Port()
			}
		}
	}
	for addr, port := range asked {
		if before = answered[addr]; before == 0 || before == port {
			return 0, 0, false
		}
		now = port
	}
	return before, now, now != 0
}
