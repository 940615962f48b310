package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"causeway/internal/accesslog"
)

// A row whose time is a slip, of the year 1970 or 2090, must not make years of the window. It shows in how the times of its
// own source lie: in islands, which are further apart than the rows of one export can be. An island of hardly any rows, in
// a source that is of another time, is a slip; rows that fill a part of a source are honest, however far away they are, and
// so is a source that is wholly of its own time. Islands are judged when they are large enough or the source ends, so that
// one pass does: until then their rows are kept.

// apart is how long a workspace keeps rows at hand at most: those of one query are no further from each other.
const apart = 730 * 24 * time.Hour

// earliest is before Application Gateway was there.
var earliest = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	maxIslands  = 16  // of one source; a row on yet another is a slip
	largeIsland = 100 // rows that are too many for a slip
	smallIsland = 20  // an island that holds no more than one row in so many of its source is a slip
)

// island is rows of a source whose times are near each other.
type island struct {
	from, to time.Time
	n        int
	taken    bool
	held     []held // not yet judged
	example  string // of its rows
}

// held is a row that waits.
type held struct {
	record accesslog.Record
	own    bool
}

// islands are those of one source.
type islands struct {
	list   []*island
	last   *island // rows come in about the order of time
	rows   int
	beyond island    // rows for which there is no room
	now    time.Time // no row is of later than a day after it; clocks may be wrong, so it is believed of a part of a source only
	beside bool      // other sources are of times of which there can be rows
}

// newIslands are those of a source that is to be read.
func (b *Bundle) newIslands(s *source) islands {
	others := b.dated
	if s.span.from.After(earliest) {
		others--
	}
	return islands{now: time.Now(), beside: others > 0}
}

// of is the island of a time; nil if there are too many.
func (s *islands) of(at time.Time) *island {
	if s.last != nil && s.last.near(at) {
		return s.last
	}
	for _, i := range s.list {
		if i.near(at) {
			s.last = i
			return i
		}
	}
	if len(s.list) == maxIslands && !s.drop() {
		return nil
	}
	s.last = &island{from: at, to: at}
	s.list = append(s.list, s.last)
	return s.last
}

// drop makes room by taking the smallest island that was not taken yet for a slip.
func (s *islands) drop() bool {
	least := -1
	for k, i := range s.list {
		if !i.taken && (least < 0 || i.n < s.list[least].n) {
			least = k
		}
	}
	if least < 0 {
		return false
	}
	s.beyond.n += s.list[least].n
	s.beyond.example = cmp.Or(s.beyond.example, s.list[least].example)
	s.list = slices.Delete(s.list, least, least+1)
	return true
}

func (i *island) near(at time.Time) bool {
	return !at.Before(i.from.Add(-apart)) && !at.After(i.to.Add(apart))
}

// put notes a row.
func (i *island) put(r *accesslog.Record) {
	if i.n++; i.example == "" {
		i.example = fmt.Sprintf("%s (%s %s, status %d)", r.Start.UTC().Format(time.RFC3339), r.Method, r.URI, r.Status)
	}
	if r.Start.Before(i.from) {
		i.from = r.Start
	}
	if r.Start.After(i.to) {
		i.to = r.Start
	}
}

// cannotBe reports whether an island is of a time of which there are no rows.
func (s *islands) cannotBe(i *island) bool {
	return i.to.Before(earliest) || i.from.After(s.now.Add(24*time.Hour))
}

// others reports whether there is an island beside this one, of a time of which there can be rows.
func (s *islands) others(this *island) bool {
	for _, i := range s.list {
		if i != this && !s.cannotBe(i) {
			return true
		}
	}
	return false
}

// touches reports whether an island has grown near to another since.
func (s *islands) touches(this *island) bool {
	for _, i := range s.list {
		if i != this && (i.near(this.from) || i.near(this.to)) {
			return true
		}
	}
	return false
}

// slip reports whether an island is one, as far as the source has been read.
func (s *islands) slip(i *island) bool {
	switch {
	case s.touches(i):
		return false
	case i.to.Before(earliest) && s.beside:
		return true
	case s.cannotBe(i):
		return s.others(i)
	case len(s.list) == 1 || i.n >= largeIsland:
		return false
	}
	return i.n == 1 && s.rows > 2 || i.n*smallIsland <= s.rows
}

// place takes a row to its island, which hands it on or keeps it.
func (r *reading) place(s *source, record *accesslog.Record, own bool) {
	r.islands.rows++
	i := r.islands.of(record.Start)
	if i == nil {
		r.islands.beyond.put(record)
		return
	}
	if i.put(record); i.taken {
		r.access(s, record, own)
		return
	}
	if len(i.held) < largeIsland {
		i.held = append(i.held, held{record.Clone(), own})
	}
	if len(i.held) == largeIsland && !r.islands.slip(i) {
		r.take(s, i)
	}
}

// take hands on what an island has kept.
func (r *reading) take(s *source, i *island) {
	for k := range i.held {
		r.access(s, &i.held[k].record, i.held[k].own)
	}
	i.taken, i.held = true, nil
}

// settle judges the islands that are left when a source ends.
func (r *reading) settle(s *source) {
	if beyond := &r.islands.beyond; beyond.n > 0 {
		r.b.setAside(s.name, beyond.n, beyond.example)
	}
	for _, i := range r.islands.list {
		switch {
		case i.taken:
		case r.islands.slip(i):
			r.b.setAside(s.name, i.n, i.example)
		default:
			r.take(s, i)
		}
	}
}

// setAside counts rows whose times cannot be true.
func (b *Bundle) setAside(name string, n int, example string) {
	if b.Misdated == 0 {
		b.misdated = name + ": " + example
	}
	b.Misdated += n
}

// tellMisdated notes how many rows were set aside.
func (b *Bundle) tellMisdated() {
	if b.Misdated > 0 {
		b.note(fmt.Sprintf("rows with times that cannot be true, years from all others of their file or of when there was no such gateway, are set aside and count nowhere: %d, as %s", b.Misdated, b.misdated))
	}
}
