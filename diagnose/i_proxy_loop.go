package diagnose

import (
	"fmt"
	"net/netip"

	"causeway/accesslog"
	"causeway/fault"
)

var proxyLoops = hypothesis{
	cause: "i-proxy-loop", needs: theTrace,
	test: "the requests that a member is sent come back to the gateway as requests of a client: over the same port, and within the time of the first",
	look: proxyLoop,
}

// comingBack remembers when each client port was last heard of, to know the gateway's own requests when they come in again.
type comingBack struct{ at [1 << 16]int64 }

// returns notes a client's port, and counts the attempts of the record whose connection was a client of this very gateway
// meanwhile. What comes back ends before what sent it, and is written first.
func (c *comingBack) returns(r *accesslog.Record, of func(*accesslog.Attempt) *memberTally) {
	begin, end := r.Start.UnixNano(), r.Start.Add(r.Taken).UnixNano()
	for i := range r.Attempts {
		if a := &r.Attempts[i]; a.LocalPort != 0 {
			if at := c.at[a.LocalPort]; at >= begin && at <= end && at != 0 {
				of(a).looped++
			}
		}
	}
	c.at[r.Client.Port()] = begin
}

// proxyLoop: a pool leads back to the gateway itself. Every request then makes another one, until something gives way;
// whoever seems to have failed is the gateway in another part.
func proxyLoop(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.own && e.tried }), (*event).key)
	for _, k := range keys {
		m := q.member(k)
		if m.looped < minEvents || 2*m.looped < m.attempts {
			continue
		}
		f := q.claim("i-proxy-loop", groups[k], scopeOf(groups[k]), High)
		f.says("access-log", fmt.Sprintf("%d of %d requests to %s came back to the gateway as requests of a client, over the same port and while the first waited", m.looped, m.attempts, k.member), groups[k]...)
		f.expect("gateway", len(groups[k]), len(groups[k]), "exact", "with the pool led to the servers none of them goes round")
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}

// fromMember reports whether the client has the address of a member: it may be a request that came back by a detour.
func (q *inquiry) fromMember(e *event) bool {
	if e.client == netip.AddrFrom4([4]byte{127, 0, 0, 1}) { // everything on one machine
		return false
	}
	for k := range q.members {
		if k.server.IsValid() && k.server.Addr() == e.client {
			return true
		}
	}
	return false
}

// membersAsClients says of clients who left and have the address of a member that they may be the gateway itself.
func membersAsClients(q *inquiry) {
	events := q.unclaimed(func(e *event) bool { return e.fault.Side == fault.Client && q.fromMember(e) })
	if len(events) > 0 {
		q.suspect(events, "these clients have the address of a member: find out whether the member calls the gateway, or whether requests come back to it", "i-proxy-loop", "j-client-abort", "j-client-timer-spike")
	}
}
