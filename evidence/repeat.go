package evidence

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"time"

	"causeway/accesslog"
)

// Exports overlap: a blob and the table of a workspace hold the same requests, two queries the same hour. Rows at times
// that more than one source covers are remembered, by a hash, so that each counts once.

// maxRemembered bounds what is remembered of rows; eight bytes each, at most twice that in memory.
const maxRemembered = 1 << 24

// repeats remembers rows.
type repeats struct {
	seed maphash.Seed
	seen map[uint64]struct{}
	full bool
}

// overlaps finds out for each source when others cover the same time.
func (b *Bundle) overlaps() {
	byTime := slices.SortedStableFunc(slices.Values(b.logs), func(x, y *source) int { return x.span.from.Compare(y.span.from) })
	for i, s := range byTime {
		for _, o := range byTime[i+1:] {
			if !s.span.to.IsZero() && o.span.from.After(s.span.to) {
				break
			}
			if o.span.overlaps(s.span) {
				s.shared, o.shared = append(s.shared, o.span), append(o.shared, s.span)
			}
		}
	}
	for _, s := range b.logs {
		s.shared = merged(s.shared)
	}
}

// merged joins spans that touch.
func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && (out[n-1].to.IsZero() || !s.from.After(out[n-1].to)) {
			if s.to.IsZero() || !out[n-1].to.IsZero() && s.to.After(out[n-1].to) {
				out[n-1].to = s.to
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// again reports whether a row was met before in another source; it remembers it if another may have it.
func (p *repeats) again(s *source, r *accesslog.Record) bool {
	if !slices.ContainsFunc(s.shared, func(o span) bool { return o.holds(r.Start) }) {
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
