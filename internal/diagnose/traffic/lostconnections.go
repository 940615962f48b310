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
	begin  int64
	alive  int64  // last use before it of the connection used last of those that were idle then, and used again
	record int    // by its number
	which  int    // attempt of that record
	event  *Event // nil: none is kept of it
}

// lostAttempts are those of an instance and member, in the order of the log, since the last that were traced. Rows of different instances
// may come in batches; those of one stand in the order of time.
type lostAttempts struct {
	list   []lostAttempt
	latest int64 // end of an attempt there
}

func beginsAt(l lostAttempt, t int64) int { return cmp.Compare(l.begin, t) }

// due reports whether nothing changes any more what is known of the first of them.
func (l *lostAttempts) due() bool {
	return len(l.list) > 0 && l.latest-l.list[0].begin > int64(settled)
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
	if c.pending >= maxLost {
		c.forgetLost()
	}
	l := c.lost[k]
	if l == nil {
		if c.lost == nil {
			c.lost = map[connKey]*lostAttempts{}
		}
		l = &lostAttempts{}
		c.lost[k] = l
	}
	if c.pending++; c.pending == 1 || begin < c.firstLost {
		c.firstLost = begin
	}
	l.list = append(l.list, lostAttempt{begin: begin, alive: math.MinInt64, record: c.record, which: i})
}

func (c *connections) forgetLost() { c.lost, c.pending = nil, 0 }

// survived notes that a connection was idle from its last use to its next one: the attempts lost meanwhile had another.
func (c *connections) survived(l *lostAttempts, last, next int64) {
	from, _ := slices.BinarySearchFunc(l.list, last+int64(stampSlack), beginsAt)
	for i := from; i < len(l.list) && l.list[i].begin <= next-int64(stampSlack); i++ {
		if i-from >= mostPassed {
			c.forgetLost()
			return
		}
		l.list[i].alive = max(l.list[i].alive, last)
	}
}

// lostWith notes the event of an attempt of the record that is being read.
func (c *connections) lostWith(which int, e *Event) {
	for i := c.firstUse; i < len(c.uses); i++ {
		if c.uses[i].which == which {
			c.uses[i].event = e
		}
	}
	for _, l := range c.lost {
		for i := len(l.list) - 1; i >= 0 && l.list[i].record == c.record; i-- {
			if l.list[i].which == which {
				l.list[i].event = e
			}
		}
	}
}

// trace finds the connections of lost attempts whose time has come; of all at the end.
func (c *connections) trace(all bool) {
	var due []connKey
	for k, l := range c.lost {
		if all && len(l.list) > 0 || l.due() {
			due = append(due, k)
		}
	}
	idle := c.idleOf(due)
	for _, k := range due {
		l := c.lost[k]
		n := len(l.list)
		if !all {
			n, _ = slices.BinarySearchFunc(l.list, l.latest-int64(longestIdle), beginsAt)
		}
		for i := range l.list[:n] {
			x := &l.list[i]
			if s, alone := x.connection(idle[k]); s != nil && x.alive <= s.last+int64(stampSlack) {
				x.took(s, alone)
			}
		}
		l.list = slices.Delete(l.list, 0, n)
	}
	c.countLost()
}

// countLost counts those that wait, and finds the first.
func (c *connections) countLost() {
	c.pending = 0
	for _, l := range c.lost {
		if len(l.list) > 0 && (c.pending == 0 || l.list[0].begin < c.firstLost) {
			c.firstLost = l.list[0].begin
		}
		c.pending += len(l.list)
	}
}

// idleOf are the connections of some instances and members, by the time of their last use.
func (c *connections) idleOf(keys []connKey) map[connKey][]*connSlot {
	idle := map[connKey][]*connSlot{}
	for _, k := range keys {
		idle[k] = nil
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
