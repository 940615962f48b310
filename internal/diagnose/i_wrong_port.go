package diagnose

import (
	"fmt"
	"net/netip"
	"time"

	"causeway/internal/fault"
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
		before, now, last, ok := q.portChanged(s, events[0].start)
		if !ok || len(events) < 3 {
			continue
		}
		f := q.claim("i-wrong-port", events, scopeOf(events), confidenceOf(events[0].start.Sub(last) < lasting))
		f.says("access-log", fmt.Sprintf("the members answered at port %d until %s; from %s on they are asked at port %d, and every one of them refuses", before, stamp(last), stamp(events[0].start), now), events...)
		if f.Confidence == High {
			f.excludes("b-refused", "they all refuse since the port was changed, and not before")
			f.expect("gateway", len(events), len(events), "exact", "at the port of before they answered")
		} else { // nobody asked for a while: they may have been stopped in it
			f.may("b-refused")
			f.expect("gateway", 0, len(events), "bounded", "at the port of before they answered, if they still run")
		}
		q.fill(map[string]string{"address": address(events), "port": fmt.Sprint(before)}, f)
	}
}

// refused reports whether a member was taken out because it refuses connections.
func (c change) refused() bool { return c.reason == "tcp_connect" && c.code == "ECONNREFUSED" }

// portChanged is the port at which the members under settings answered before a time, and another one at which the same
// gateway has asked them since, without an answer; last is when one answered at the first.
func (q *inquiry) portChanged(settings string, since time.Time) (before, now uint16, last time.Time, changed bool) {
	answered, asked := map[netip.Addr]uint16{}, map[netip.Addr]uint16{}
	gateways := map[*int]bool{}
	for k, m := range q.members {
		if k.settings != settings || !k.server.IsValid() {
			continue
		}
		gateways[m.gateway] = true
		if m.answered > 0 {
			if m.tried.between(since.Add(bucket), q.to) > 0 {
				return 0, 0, last, false // still in use
			}
			answered[k.server.Addr()] = k.server.Port()
			if at, ok := m.answers.before(since.Add(bucket)); ok {
				last = later(last, at)
			}
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
			return 0, 0, last, false
		}
		now = port
	}
	return before, now, last, now != 0 && len(gateways) == 1
}
