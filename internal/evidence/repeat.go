package evidence

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"time"

	"causeway/internal/accesslog"
)

// Exports overlap: a blob and the table of a workspace hold the same requests, two queries the same hour. Rows at times
// that more than one source covers are remembered, by a hash, so that each counts once.

// maxRemembered bounds what is remembered of rows; eight bytes each, at most twice that in memory.
const maxRemembered = 1 << 24

// repeats remembers rows.
type repeats struct {
	cover cover
	seed  maphash.Seed
	seen  map[uint64]struct{}
	full  bool
}

// cover is where in time rows can stand in more than one source. It is found by one sweep over the ends of all spans, so that
// it costs n log n for n sources, and each row one look by bisection.
type cover struct {
	once  []span // some source covers it; in order, none touches another
	twice []span // two or more do
}

// end is where a span begins or ends.
type end struct {
	at   time.Time
	step int // +1 where it begins, -1 where it ends
}

// Bounds that stand for none.
var (
	always = time.Unix(-1<<40, 0)
	never  = time.Unix(1<<40, 0)
)

// coverOf sweeps over the spans of all sources.
func coverOf(logs []*source) (c cover) {
	ends := make([]end, 0, 2*len(logs))
	for _, s := range logs {
		from, to := s.span.from, s.span.to
		if from.IsZero() {
			from = always
		}
		if to.IsZero() {
			to = never
		}
		ends = append(ends, end{from, 1}, end{to, -1})
	}
	slices.SortFunc(ends, func(x, y end) int { return cmp.Or(x.at.Compare(y.at), y.step-x.step) })
	depth := 0
	for _, e := range ends {
		depth += e.step
		c.once = swept(c.once, e, depth, 1)
		c.twice = swept(c.twice, e, depth, 2)
	}
	return c
}

// swept opens a span where the depth has just reached a level, and closes it where the depth falls below.
func swept(spans []span, e end, depth, level int) []span {
	switch {
	case e.step > 0 && depth == level:
		return append(spans, span{from: e.at})
	case e.step < 0 && depth == level-1:
		spans[len(spans)-1].to = e.at
	}
	return spans
}

// shares reports whether a row of a source may stand in another as well.
func (c *cover) shares(s *source, at time.Time) bool {
	spans := c.twice
	if !s.span.holds(at) { // it lies further out of order than slack: another source covers its time
		spans = c.once
	}
	i, _ := slices.BinarySearchFunc(spans, at, func(x span, at time.Time) int { return x.from.Compare(at) })
	return i < len(spans) && spans[i].holds(at) || i > 0 && spans[i-1].holds(at)
}

// again reports whether a row was met before in another source; it remembers it if another may have it.
func (p *repeats) again(s *source, r *accesslog.Record) bool {
	if !p.cover.shares(s, r.Start) {
		return false
	}
	if p.seen == nil {
		p.seed, p.seen = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	key := p.key(r)
	if _, met := p.seen[key]; met {
		return true
	}
	if len(p.seen) >= maxRemembered {
		p.full = true
		return false
	}
	p.seen[key] = struct{}{}
	return false
}

// key is the same for the same request in every export: its transaction, or, where that is missing, all that together
// hardly ever repeats. Forms differ in how exact their times are.
func (p *repeats) key(r *accesslog.Record) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	if r.Transaction != [16]byte{} {
		h.Write(r.Transaction[:])
		return h.Sum64()
	}
	number := func(n int64) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], uint64(n))
		h.Write(b[:])
	}
	number(r.Start.Truncate(time.Second).Unix())
	number(int64(r.Status))
	number(r.Taken.Milliseconds())
	number(r.Sent)
	number(int64(r.Client.Port()))
	h.WriteString(r.Instance)
	h.Write(r.Client.Addr().AsSlice())
	h.Write(r.Method)
	h.Write(r.URI)
	return h.Sum64()
}
