package diagnose

import "hash/fnv"

// sampler keeps failures to be looked at one by one. Where they become too many it keeps an even sample of them, chosen by
// their ids and so the same at every run; counts are then scaled.
type sampler struct {
	events []*event
	shift  int // one in 2^shift is kept
	most   int // how many are kept; fewer than that many after a cut
}

// maxEvents bounds the failures that are kept, at a few hundred bytes each.
const maxEvents = 200_000

func (s *sampler) add(e *event) {
	if s.shift > 0 && !s.keeps(e) {
		return
	}
	if s.events = append(s.events, e); len(s.events) < s.most {
		return
	}
	s.shift++
	kept := s.events[:0]
	for _, e := range s.events {
		if s.keeps(e) {
			kept = append(kept, e)
		}
	}
	clear(s.events[len(kept):])
	s.events = kept
}

func (s *sampler) keeps(e *event) bool {
	if e.asked {
		return true
	}
	h := fnv.New64a()
	h.Write([]byte(e.id))
	var at [8]byte
	for i, n := 0, e.at.UnixNano(); i < len(at); i++ {
		at[i] = byte(n >> (8 * i))
	}
	h.Write(at[:])
	return h.Sum64()>>13&(1<<s.shift-1) == 0
}

func (s *sampler) kept() []*event { return s.events }
