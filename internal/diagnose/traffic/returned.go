package traffic

import (
	"encoding/binary"

	"causeway/internal/accesslog"
)

// returnedRequests recognises the gateway's own requests when they come in again, by the transaction that it sent them with.
type returnedRequests struct {
	sent recentIDs // transactions, with the member that each went to
	came recentIDs // transactions that requests came in with, which are not known yet
}

// recentIDs holds the latest of many transactions; a new one takes the place of an older one.
type recentIDs [1 << 14]struct {
	id      [16]byte
	gateway *int // which had it: what one gateway sends, another may get
	member  *MemberStats
}

func (t *recentIDs) put(id [16]byte, gateway *int, m *MemberStats) {
	s := &t[binary.LittleEndian.Uint16(id[:])%uint16(len(t))]
	s.id, s.gateway, s.member = id, gateway, m
}

func (t *recentIDs) take(id [16]byte, gateway *int) (m *MemberStats, ok bool) {
	s := &t[binary.LittleEndian.Uint16(id[:])%uint16(len(t))]
	if ok = s.id == id && s.gateway == gateway && id != [16]byte{}; ok {
		m = s.member
		s.id, s.member = [16]byte{}, nil
	}
	return m, ok
}

// returns counts the attempts that were requests to this very gateway: it compares what a request came in with to what was
// sent with others. Which of the two is written first depends on who gives up first. Ports prove nothing: a busy gateway
// meets every one of them on both sides within the time of a slow request.
func (c *returnedRequests) returns(r *accesslog.Record, gateway *int, of func(*accesslog.Attempt) *MemberStats) {
	if r.Parent != [16]byte{} {
		if m, ok := c.sent.take(r.Parent, gateway); ok {
			m.Looped++
		} else {
			c.came.put(r.Parent, gateway, nil)
		}
	}
	if n := len(r.Attempts); n > 0 {
		m := of(&r.Attempts[n-1])
		if _, known := c.came.take(r.Transaction, gateway); known {
			m.Looped++
		} else {
			c.sent.put(r.Transaction, gateway, m)
		}
	}
}
