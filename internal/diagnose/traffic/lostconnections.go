package traffic

import (
	"cmp"
	"math"
	"slices"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// Some rows lack the source port of a connection that broke before its request went out. The other rows of the instance and member still
// tell which connection that was: one that was idle then, and that nobody used again. nginx, like most gateways, picks the connection that
// was used last. So of several it is the one that had been idle for the shortest time; and if one that was used later still served again,
// the gateway did not pick like that, or the lost attempt had made a connection.

// lostAttempt is an attempt that ended at once, on a connection that its row does not name.
type lostAttempt struct {
	key   connKey // of the instance and member, without a port
	begin int64
	alive int64  // last use before it of the connection used last of those that were idle then, and used again
	which int    // attempt of its record
	event *Event // nil: none is kept of it
}

const (
	maxLost    = 1 << 16
	mostPassed = 256             // connections that are looked at for one lost attempt, or lost attempts for one connection
	stampSlack = time.Second     // the difference of two stamps may be wrong by as much
	sameTime   = 2 * stampSlack  // so two ages no further apart may be one
	settled    = 2 * longestIdle // after it nothing changes what is known of a lost attempt, and a whole batch is due
)

// lose notes an attempt whose connection the other rows may show. So many in one batch are no matter of single connections.
func (c *connections) lose(i int, a *accesslog.Attempt, k connKey, begin, end int64) {
	if a.Status > 0 || c.untimed || end-begin > int64(rejectedWithin) || len(c.table.slots) == 0 {
		return
	}
	if len(c.lost) >= maxLost {
		c.lost, c.first = c.lost[:0], 0
	}
	c.lost = append(c.lost, lostAttempt{key: k, begin: begin, alive: math.MinInt64, which: i})
}

// survived notes that a connection was idle from its last use to its next one: the attempts lost meanwhile had another.
func (c *connections) survived(k connKey, last, next int64) {
	from, _ := slices.BinarySearchFunc(c.lost, last+int64(stampSlack), func(l lostAttempt, t int64) int { return cmp.Compare(l.begin, t) })
	for i := from; i < len(c.lost) && c.lost[i].begin <= next-int64(stampSlack); i++ {
		if i-from >= mostPassed {
			c.lost, c.first = c.lost[:0], 0
			return
		}
		if l := &c.lost[i]; l.key == k {
			l.alive = max(l.alive, last)
		}
	}
}

// lostWith notes the event of an attempt of the record that is being read.
func (c *connections) lostWith(which int, e *Event) {
	for i := c.firstUse; i < len(c.uses); i++ {
		if c.uses[i].which == which {
			c.uses[i].event = e
		}
	}
	for i := c.first; i < len(c.lost); i++ {
		if c.lost[i].which == which {
			c.lost[i].event = e
		}
	}
}

// trace finds the connections of the attempts lost until a time.
func (c *connections) trace(until int64) {
	n := 0
	for n < len(c.lost) && c.lost[n].begin <= until {
		n++
	}
	ended := c.idleOf(c.lost[:n])
	for i := range c.lost[:n] {
		l := &c.lost[i]
		if s, alone := l.connection(ended[l.key]); s != nil && l.alive <= s.last+int64(stampSlack) {
			l.took(s, alone)
		}
	}
	c.lost = slices.Delete(c.lost, 0, n)
	c.first = max(0, c.first-n)
}

// idleOf are the connections of the instances and members of lost attempts, by the time of their last use.
func (c *connections) idleOf(lost []lostAttempt) map[connKey][]*connSlot {
	idle := map[connKey][]*connSlot{}
	for i := range lost {
		idle[lost[i].key] = nil
	}
	for i := range c.table.slots {
		s := &c.table.slots[i]
		k := s.key &^ portBits
		if list, wanted := idle[k]; wanted && s.uses > 0 {
			idle[k] = append(list, s)
		}
	}
	for _, list := range idle {
		slices.SortFunc(list, func(a, b *connSlot) int { return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.key, b.key)) })
	}
	return idle
}

// connection is the one that a lost attempt had, of those in the order of their last use; nil where the rows do not tell. alone: none of
// the same idle age has other uses or another age.
func (l *lostAttempt) connection(list []*connSlot) (found *connSlot, alone bool) {
	at, _ := slices.BinarySearchFunc(list, l.begin+int64(stampSlack), func(s *connSlot, t int64) int { return cmp.Compare(s.last, t) })
	alone = true
	for passed := 0; at > 0 && passed < mostPassed; passed++ {
		at--
		s := list[at]
		idle := time.Duration(l.begin - s.last)
		switch {
		case s.uses == 0 || s.opened > l.begin: // another attempt had it, or nobody could
		case idle >= longestIdle:
			return found, alone
		case found == nil:
			found = s
		case time.Duration(found.last-s.last) <= sameTime:
			alone = alone && s.uses == found.uses && time.Duration(found.opened-s.opened).Abs() <= sameTime
		case l.begin-found.last < int64(stampSlack): // it may have been in use still
			return nil, false
		default:
			return found, alone
		}
	}
	if at > 0 {
		return nil, false
	}
	return found, alone
}

// took notes that an attempt ended a connection.
func (l *lostAttempt) took(s *connSlot, alone bool) {
	if e := l.event; e != nil {
		a := &e.Attempt
		e.Rebuilt, a.Reused, a.Idle = true, true, max(0, time.Duration(l.begin-s.last))
		if alone {
			a.Uses, a.Age = int(s.uses), max(0, time.Duration(l.begin-s.opened))
		}
	}
	s.uses = 0
}

// rebuilt takes back what other rows seemed to tell of attempts that had no connection.
func (s *Summary) rebuilt() {
	for _, e := range s.Events {
		if !e.Rebuilt {
			continue
		}
		f := &e.Fault
		if e.Unconnected || f.Side != fault.Backend || f.Kind != fault.Closed || f.Phase != "" && f.Phase != fault.Connect {
			e.forgetConnection()
			continue
		}
		f.Phase = ""
	}
}
