package traffic

import (
	"cmp"
	"slices"
	"time"

	"causeway/internal/accesslog"
)

// The rows of a query's answer may stand in any order; those that the portal exports do. What a connection carried shows in the order of
// time only. So the attempts of such a log wait until all are known, and are then followed in that order.

// connectionUse is an attempt whose connection is not looked up yet, or not for certain.
type connectionUse struct {
	key        connKey // without a port where the row has none
	begin, end int64
	total      time.Duration
	connect    time.Duration
	status     int
	member     *MemberStats
	event      *Event // that it failed; nil: none is kept of it
	which      int    // attempt of its record
	untimed    bool
	fresh      bool // it is counted as an answer on a new connection already
}

// rowOrder is what is known of the order of rows.
type rowOrder uint8

const (
	orderUnknown rowOrder = iota
	inOrder
	unordered
)

const (
	enoughRows = 200             // to know whether they stand in the order of time
	enoughTime = 10 * stampSlack // that they cover, for the same
	maxUses    = 1 << 19         // a query answers with half a million rows at most
)

// judge looks at the end of a further attempt. Rows of one instance and member stand in the order of time, or they do not; those of
// different instances may come in batches.
func (c *connections) judge(at *Cell, end int64) {
	if c.judged++; c.judged == 1 {
		c.earliest, c.latest = end, end
	}
	c.earliest, c.latest = min(c.earliest, end), max(c.latest, end)
	if end < at.latest-2*int64(stampSlack) {
		c.back++
	}
	if at.latest = max(at.latest, end); c.judged < enoughRows || c.latest-c.earliest < int64(enoughTime) {
		return
	}
	if c.decide(); c.order == inOrder {
		c.uses = nil
	}
}

// decide settles the order of the rows by those seen.
func (c *connections) decide() {
	if c.order = inOrder; 10*c.back > c.judged {
		c.order = unordered
	}
}

// postpone keeps an attempt for later. Beyond maxUses nothing is known of any.
func (c *connections) postpone(u connectionUse) {
	if len(c.uses) < maxUses {
		c.uses = append(c.uses, u)
	}
}

// follow looks the connections of a log without order up, in the order of time.
func (s *Summary) follow() {
	c := &s.conns
	if c.order == orderUnknown {
		c.decide()
	}
	if c.order != unordered || len(c.uses) >= maxUses {
		return
	}
	s.forgetUses()
	c.firstUse = len(c.uses)
	slices.SortStableFunc(c.uses, func(a, b connectionUse) int { return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.begin, b.begin)) })
	for i := range c.uses {
		u := &c.uses[i]
		a := accesslog.Attempt{
			LocalPort: uint16(u.key), Status: u.status, Total: u.total, Connect: u.connect, Idle: accesslog.Unset, Stale: accesslog.Unset,
		}
		c.record, c.untimed = c.record+1, u.untimed
		c.look(u.which, &a, u.key, u.begin, u.end)
		if c.lostWith(u.which, u.event); u.event != nil && a.Reused {
			e := &u.event.Attempt
			e.Reused, e.Uses, e.Idle, e.Age = true, a.Uses, a.Idle, a.Age
		}
		if a.Status > 0 {
			u.member.answeredOn(&a, time.Unix(0, u.end), !u.fresh)
		}
		s.gap(u.member, &a)
	}
	c.uses = nil
}

// forgetUses takes back what the first rows seemed to show while their order was not known.
func (s *Summary) forgetUses() {
	s.conns.table = connTable{}
	s.conns.forgetLost()
	for i := range s.conns.uses {
		u := &s.conns.uses[i]
		if u.event != nil {
			u.event.forgetConnection()
		}
		if m := u.member; s.Own == 0 {
			m.Gaps, m.MostUses, m.Oldest, m.Longest = Gaps{}, 0, 0, 0
		}
	}
	if s.Own == 0 {
		s.gaps = gapRoom{most: maxAllGaps}
	}
}

// forgetConnection takes back what was taken for known of the attempt's connection.
func (e *Event) forgetConnection() {
	a := &e.Attempt
	e.Rebuilt, a.Reused, a.Uses, a.Idle, a.Age = false, false, 0, accesslog.Unset, 0
}
