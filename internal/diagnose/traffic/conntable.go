package traffic

import (
	"math/bits"
)

// connTable holds what is known of connections. Every request looks one up and there are a hundred thousand of them, so
// the cost of a look-up is the number of memory locations that it touches: a table with open addressing mostly touches one, for
// finding and noting together.
type connTable struct {
	slots []connSlot // a power of two of them; at most half are taken
	taken int
}

// connSlot is a connection, or free.
type connSlot struct {
	key    connKey // 0: the slot is free
	opened int64   // in nanoseconds, as is the end of the last request on it
	last   int64
	uses   uint32 // 0: the connection is not known
}

// connKey is the number of an instance and member, from 1 on, and the port.
type connKey uint64

const (
	leastSlots     = 1 << 10
	maxConnections = 1 << 17
)

// slot finds a connection, or makes room for it. It is good until the next call. Those last used before oldest may be forgotten.
func (t *connTable) slot(k connKey, oldest int64) *connSlot {
	if 2*t.taken >= len(t.slots) {
		t.rebuild(oldest)
	}
	s := t.probe(k)
	if s.key == 0 {
		s.key = k
		t.taken++
	}
	return s
}

// probe is where a connection is, or where it would be.
func (t *connTable) probe(k connKey) *connSlot {
	mask := len(t.slots) - 1
	for i := int(uint64(k)*0x9e3779b97f4a7c15>>1) >> (63 - bits.Len(uint(mask))); ; i++ { // Fibonacci hashing
		if s := &t.slots[i&mask]; s.key == k || s.key == 0 {
			return s
		}
	}
}

// rebuild leaves out what cannot be reused any more, and makes room for twice as many as are left. Where they are too many
// all are forgotten.
func (t *connTable) rebuild(oldest int64) {
	old, live := t.slots, 0
	for i := range old {
		if old[i].usable(oldest) {
			live++
		}
	}
	if live >= maxConnections {
		old, live = nil, 0
	}
	size := leastSlots
	for size < 4*live {
		size *= 2
	}
	t.slots, t.taken = make([]connSlot, size), live
	for i := range old {
		if s := &old[i]; s.usable(oldest) {
			*t.probe(s.key) = *s
		}
	}
}

func (s *connSlot) usable(oldest int64) bool { return s.uses > 0 && s.last >= oldest }
