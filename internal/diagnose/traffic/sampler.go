package traffic

import (
	"hash/fnv"
)

// Sampler keeps failures for inspection one by one. Where they become too many it keeps an even sample, chosen by
// their ids and so the same at every run; counts are then scaled.
type Sampler struct {
	events []*Event
	Shift  int // one in 2^shift is kept
	Most   int // how many are kept; fewer than that many after a cut
}

// maxEvents bounds the failures that are kept, at a few hundred bytes each.
const maxEvents = 200_000

func (s *Sampler) add(e *Event) {
	if s.Shift > 0 && !s.keeps(e) {
		return
	}
	if s.events = append(s.events, e); len(s.events) < s.Most {
		return
	}
	s.Shift++
	kept := s.events[:0]
	for _, e := range s.events {
		if s.keeps(e) {
			kept = append(kept, e)
		}
	}
	clear(s.events[len(kept):])
	s.events = kept
}

func (s *Sampler) keeps(e *Event) bool {
	if e.explained {
		return true
	}
	h := fnv.New64a()
	h.Write([]byte(e.ID))
	var at [8]byte
	for i, n := 0, e.At.UnixNano(); i < len(at); i++ {
		at[i] = byte(n >> (8 * i))
	}
	h.Write(at[:])
	return h.Sum64()>>13&(1<<s.Shift-1) == 0
}

func (s *Sampler) kept() []*Event { return s.events }
