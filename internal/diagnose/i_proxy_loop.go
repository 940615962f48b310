package diagnose

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

var proxyLoops = hypothesis{
	cause: "i-proxy-loop", needs: theTrace,
	test: "the requests that a member is sent come back to the gateway as requests of a client: with the transaction that they were sent with",
	look: proxyLoop,
}

// comingBack knows the gateway's own requests when they come in again, by the transaction that they were sent with.
type comingBack struct {
	sent table // transactions, with the member that each went to
	came table // transactions that requests came in with, which are not known yet
}

// table holds the latest of many transactions; a new one takes the place of an older one.
type table [1 << 14]struct {
	id      [16]byte
	gateway *int // which had it: what one gateway sends, another may get
	member  *memberTally
}

func (t *table) put(id [16]byte, gateway *int, m *memberTally) {
	s := &t[binary.LittleEndian.Uint16(id[:])%uint16(len(t))]
	s.id, s.gateway, s.member = id, gateway, m
}

func (t *table) take(id [16]byte, gateway *int) (m *memberTally, ok bool) {
	s := &t[binary.LittleEndian.Uint16(id[:])%uint16(len(t))]
	if ok = s.id == id && s.gateway == gateway && id != [16]byte{}; ok {
		m = s.member
		s.id, s.member = [16]byte{}, nil
	}
	return m, ok
}

// returns counts the attempts that were requests to this very gateway: it compares what a request came in with to what was
// sent with others. Which of the two is written first depends on who gives up first. Ports tell nothing: a busy gateway
// meets every one of them on both sides within the time of a slow request.
func (c *comingBack) returns(r *accesslog.Record, gateway *int, of func(*accesslog.Attempt) *memberTally) {
	if r.Parent != [16]byte{} {
		if m, ok := c.sent.take(r.Parent, gateway); ok {
			m.looped++
		} else {
			c.came.put(r.Parent, gateway, nil)
		}
	}
	if n := len(r.Attempts); n > 0 {
		m := of(&r.Attempts[n-1])
		if _, known := c.came.take(r.Transaction, gateway); known {
			m.looped++
		} else {
			c.sent.put(r.Transaction, gateway, m)
		}
	}
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
		f.says("access-log", fmt.Sprintf("%d of %d requests to %s came back to the gateway as requests of a client while the first waited", m.looped, m.attempts, k.member), groups[k]...)
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
