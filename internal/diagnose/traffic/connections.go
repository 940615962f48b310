package traffic

import (
	"math"
	"time"

	"causeway/internal/accesslog"
)

// connections works out from Azure's log which requests went over a connection that had been used before: instance, member
// and source port name one. The log has no field for reuse, idle age or age; they are as exact as its stamps, which are whole
// seconds.
type connections struct {
	table   connTable
	record  int  // number of the record that is being read
	untimed bool // it cannot hold the ports of its attempts
	zeros   bool // the log has connect times of nothing: so it writes them of connections that were there already

	lost      map[connKey]*lostAttempts // by instance and member
	pending   int                       // how many those are
	firstLost int64                     // begin of the first of them

	order            rowOrder
	judged, back     int             // attempts seen while it is not known, and those of them that lie before one ahead of them
	earliest, latest int64           // their ends
	uses             []connectionUse // of a log without order, or before that is known
	firstUse         int             // of those, the first of the record that is being read
}

// longestIdle is the longest time for which a source port is believed to be the same connection. Ports come round again, at
// a rate that is not known; gateways keep idle connections for minutes at most.
const longestIdle = 5 * time.Minute

// begins starts with a record, and returns when it began, in nanoseconds. Its stamp is of the end: the difference of two stamps less the
// time that the later request took is more exact than that of two computed beginnings.
func (c *connections) begins(r *accesslog.Record) int64 {
	c.record, c.firstUse, c.untimed = c.record+1, len(c.uses), untimed(r)
	return endOf(r).Add(-max(0, r.Taken)).UnixNano()
}

// see notes the i-th attempt of a record, on a member, from its begin to its end, and fills in what is known of its connection. later: that
// follows once all rows are read.
func (c *connections) see(i int, a *accesslog.Attempt, at *Cell, m *MemberStats, begin, end int64) (later bool) {
	if !a.Server.IsValid() {
		return false
	}
	k := connKey(at.number)<<16 | connKey(a.LocalPort)
	if c.order == orderUnknown {
		c.judge(at, end)
	}
	if c.order != unordered {
		c.look(i, a, k, begin, end)
	}
	if c.order != inOrder {
		c.postpone(connectionUse{
			key: k, begin: begin, end: end, total: a.Total, connect: a.Connect, status: a.Status, member: m, which: i, untimed: c.untimed,
			fresh: c.order == orderUnknown && !a.Reused,
		})
	}
	return c.order == unordered
}

// look follows the connection of the i-th attempt of a record, and fills in what is known of it.
func (c *connections) look(i int, a *accesslog.Attempt, k connKey, begin, end int64) {
	var lost *lostAttempts
	if c.pending > 0 {
		if lost = c.lost[k&^portBits]; lost != nil {
			if lost.latest = max(lost.latest, end); lost.due() {
				c.trace(false)
			}
		}
	}
	if a.LocalPort == 0 {
		c.lose(i, a, k, begin, end)
		return
	}
	s := c.table.slot(k, c.oldest(end))
	made := a.Connect > 0 && c.zeros // just now, whoever had the port before
	c.zeros = c.zeros || a.Connect == 0
	if idle := time.Duration(begin - s.last); s.uses > 0 && idle < longestIdle && !made {
		a.Reused, a.Uses, a.Idle, a.Age = true, int(s.uses), max(0, idle), max(0, time.Duration(begin-s.opened))
		if lost != nil {
			c.survived(lost, s.last, begin)
		}
	} else {
		s.opened, s.last, s.uses = begin, math.MinInt64, 0
	}
	if a.Status == 0 { // it ended with this request
		s.uses = 0
		return
	}
	s.uses++
	s.last = max(s.last, end)
}

// portBits are those of a key that hold the port.
const portBits connKey = 1<<16 - 1

// oldest is the time before which connections that were last used then are of no use any more.
func (c *connections) oldest(now int64) int64 {
	if c.pending > 0 {
		now = min(now, c.firstLost)
	}
	return now - int64(longestIdle)
}
