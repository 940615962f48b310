package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"causeway/internal/accesslog"
)

// A row with a wrong clock, of the year 1970 or 2090, must not stretch the window by years. The times of a source show it: they
// form clusters, further apart than the rows of one export can be. A cluster of hardly any rows, in a source that is of another
// time, is a slip. Rows that fill a part of a source are honest, however far away they are, and so is a source that lies wholly
// in a time of its own. A cluster is judged when it is large enough or when its source ends, so that one pass does; until then
// its rows wait.

// maxGap is how long a workspace keeps rows at most: those of one query lie no further apart.
const maxGap = 730 * 24 * time.Hour

// earliest is a time before Application Gateway existed.
var earliest = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	maxClusters  = 16  // of one source; a row outside all of them is a slip
	largeCluster = 100 // rows that are too many for a slip
	smallCluster = 20  // a cluster with at most one in so many rows of its source is a slip
)

// timeCluster is rows of a source whose times lie near each other.
type timeCluster struct {
	from, to time.Time
	n        int
	taken    bool         // not a slip: its rows are handed on
	pending  []pendingRow // not yet judged
	example  string       // of its rows
}

// pendingRow is a row that waits until its cluster is judged.
type pendingRow struct {
	record accesslog.Record
	own    bool
}

// timeClusters are the clusters of one source.
type timeClusters struct {
	list   []*timeCluster
	last   *timeCluster // that a row fell into: rows come roughly in the order of time
	rows   int
	beyond timeCluster // rows of clusters beyond maxClusters
	now    time.Time   // no row is later than a day after it; our own clock may be wrong, so it never condemns a whole source
	beside bool        // other sources have times that can be true
}

// newTimeClusters starts the clusters of a source that is about to be read.
func (b *Bundle) newTimeClusters(s *source) timeClusters {
	others := b.dated
	if s.span.from.After(earliest) {
		others--
	}
	return timeClusters{now: time.Now(), beside: others > 0}
}

// of finds the cluster of a time, or starts one; nil if there are too many.
func (s *timeClusters) of(at time.Time) *timeCluster {
	if s.last != nil && s.last.near(at) {
		return s.last
	}
	for _, c := range s.list {
		if c.near(at) {
			s.last = c
			return c
		}
	}
	if len(s.list) == maxClusters && !s.drop() {
		return nil
	}
	s.last = &timeCluster{from: at, to: at}
	s.list = append(s.list, s.last)
	return s.last
}

// drop makes room: it treats the smallest cluster that is not yet taken as a slip.
func (s *timeClusters) drop() bool {
	least := -1
	for k, c := range s.list {
		if !c.taken && (least < 0 || c.n < s.list[least].n) {
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

func (c *timeCluster) near(at time.Time) bool {
	return !at.Before(c.from.Add(-maxGap)) && !at.After(c.to.Add(maxGap))
}

// put notes a row.
func (c *timeCluster) put(r *accesslog.Record) {
	if c.n++; c.example == "" {
		c.example = fmt.Sprintf("%s (%s %s, status %d)", r.Start.UTC().Format(time.RFC3339), r.Method, r.URI, r.Status)
	}
	if r.Start.Before(c.from) {
		c.from = r.Start
	}
	if r.Start.After(c.to) {
		c.to = r.Start
	}
}

// cannotBe reports whether a cluster lies in a time that has no rows.
func (s *timeClusters) cannotBe(c *timeCluster) bool {
	return c.to.Before(earliest) || c.from.After(s.now.Add(24*time.Hour))
}

// others reports whether another cluster lies in a time that can have rows.
func (s *timeClusters) others(this *timeCluster) bool {
	for _, c := range s.list {
		if c != this && !s.cannotBe(c) {
			return true
		}
	}
	return false
}

// touches reports whether a cluster has grown close to another since it began.
func (s *timeClusters) touches(this *timeCluster) bool {
	for _, c := range s.list {
		if c != this && (c.near(this.from) || c.near(this.to)) {
			return true
		}
	}
	return false
}

// slip reports whether a cluster is one, as far as the source has been read.
func (s *timeClusters) slip(c *timeCluster) bool {
	switch {
	case s.touches(c):
		return false
	case c.to.Before(earliest) && s.beside:
		return true
	case s.cannotBe(c):
		return s.others(c)
	case len(s.list) == 1 || c.n >= largeCluster:
		return false
	}
	return c.n == 1 && s.rows > 2 || c.n*smallCluster <= s.rows
}

// cluster puts a row into its cluster, which hands it on or keeps it.
func (r *reading) cluster(s *source, record *accesslog.Record, own bool) {
	r.clusters.rows++
	c := r.clusters.of(record.Start)
	if c == nil {
		r.clusters.beyond.put(record)
		return
	}
	if c.put(record); c.taken {
		r.access(s, record, own)
		return
	}
	if len(c.pending) < largeCluster {
		c.pending = append(c.pending, pendingRow{record.Clone(), own})
	}
	if len(c.pending) == largeCluster && !r.clusters.slip(c) {
		r.take(s, c)
	}
}

// take hands on the rows that a cluster has kept.
func (r *reading) take(s *source, c *timeCluster) {
	for k := range c.pending {
		r.access(s, &c.pending[k].record, c.pending[k].own)
	}
	c.taken, c.pending = true, nil
}

// settle judges the clusters that are left when a source ends.
func (r *reading) settle(s *source) {
	if beyond := &r.clusters.beyond; beyond.n > 0 {
		r.b.setAside(s.name, beyond.n, beyond.example)
	}
	for _, c := range r.clusters.list {
		switch {
		case c.taken:
		case r.clusters.slip(c):
			r.b.setAside(s.name, c.n, c.example)
		default:
			r.take(s, c)
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

// noteMisdated notes how many rows were set aside.
func (b *Bundle) noteMisdated() {
	if b.Misdated > 0 {
		b.note(fmt.Sprintf("rows with impossible times, years away from all others in their file or before Application Gateway existed, are set aside and count nowhere: %d, as %s", b.Misdated, b.misdated))
	}
}
