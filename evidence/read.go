package evidence

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"causeway/accesslog"
)

// Rows are told of the rows of each category, one at a time and in the order in which they stand. A record is good
// until the function returns. Functions may be nil.
type Rows struct {
	Access      func(r *accesslog.Record, own bool) // own: it carries Causeway's object
	Performance func(*accesslog.Performance)
	Firewall    func(*accesslog.Firewall)
	Without     accesslog.Fields // texts of access records that Access does not look at
}

// Each calls f with every access record.
func (b *Bundle) Each(f func(r *accesslog.Record, own bool)) error { return b.EachRow(Rows{Access: f}) }

// EachRow reads all logs, in one pass, on all processors. Rows of metrics and of the activity log are kept in the bundle.
// What cannot be read is noted and does not stop the rest.
func (b *Bundle) EachRow(rows Rows) error {
	b.done.Store(0)
	b.Misdated = 0
	r := &reading{b: b, rows: rows}
	for i := 0; i < len(b.logs); {
		n := i + 1
		for n < len(b.logs) && b.logs[n].path == b.logs[i].path {
			n++
		}
		r.file(b.logs[i:n])
		i = n
	}
	if r.repeats.full {
		b.note(fmt.Sprintf("more than %d rows stand at times that several sources cover; beyond that, rows that repeat were not told from others", maxRemembered))
	}
	b.tellMisdated()
	b.sortActivity()
	b.sortMetrics()
	return nil
}

// reading is one pass over the logs.
type reading struct {
	b       *Bundle
	rows    Rows
	repeats repeats
	islands islands // of the source that is being read
}

// file reads the sources of one file on disk.
func (r *reading) file(sources []*source) {
	byName := map[string]*source{}
	for _, s := range sources {
		byName[s.name] = s
	}
	first := sources[0]
	err := walk(first.path, first.top, func(n int) { r.b.done.Add(int64(n)) }, func(l *leaf) error {
		s := byName[l.name]
		if s == nil {
			return nil // a document, already taken
		}
		s.queried, r.islands = 0, r.b.newIslands(s)
		if err := r.source(s, l); err != nil && !errors.Is(err, io.EOF) {
			r.b.broken(s.top, s.name, err)
		}
		r.settle(s)
		r.limits(s)
		return nil
	})
	if err != nil && !errors.Is(err, io.EOF) {
		r.b.broken(first.top, first.top, err)
	}
}

// queryLimits are the most rows that an answer of Log Analytics holds: in the portal, and of the API and az.
var queryLimits = []int{30_000, 500_000}

// limits notes an answer that is as long as one may be: nothing in it says whether there were more rows.
func (r *reading) limits(s *source) {
	if slices.Contains(queryLimits, s.queried) {
		r.b.note(fmt.Sprintf("%s has exactly %d rows, the most that an answer of a workspace holds: it is truncated, and what lies beyond is missing here. Ask for shorter times, as causeway collect does", s.name, s.queried))
	}
}

// source reads the rows of one source.
func (r *reading) source(s *source, l *leaf) error {
	switch s.form {
	case lines:
		return r.lines(s, l)
	case records:
		return r.lines(s, newSplitter(l))
	case queried:
		return r.queried(s, l)
	case commas:
		return r.commas(s, l)
	case columns:
		return r.columns(s, l)
	}
	return nil
}

// lines reads a row on each line. One goroutine cuts the stream into blocks, others decode them, and this one takes the
// rows in their order.
func (r *reading) lines(s *source, in io.Reader) error {
	c := newCutter(in)
	workers := runtime.GOMAXPROCS(0)
	free, jobs, order := make(chan *block, 2*workers+2), make(chan *block, 2*workers+2), make(chan *block, 2*workers+2)
	for range cap(free) {
		free <- newBlock()
	}
	for range workers {
		go func() {
			d := accesslog.Decoder{V1: r.b.Generation(), Without: r.rows.Without}
			for blk := range jobs {
				blk.decode(&d)
				blk.decoded <- struct{}{}
			}
		}()
	}
	var failed error
	go func() {
		defer close(order)
		defer close(jobs)
		for more := true; more; {
			blk := <-free
			if more, failed = c.cut(blk); len(blk.text) > 0 || len(blk.bad) > 0 {
				jobs <- blk
				order <- blk
			}
		}
	}()
	for blk := range order {
		<-blk.decoded
		r.deliver(s, blk)
		free <- blk
	}
	return failed
}

// deliver hands on what a block holds.
func (r *reading) deliver(s *source, blk *block) {
	s.queried += blk.queried
	for i := range blk.access[:blk.n] {
		r.place(s, &blk.access[i].record, blk.access[i].own)
	}
	for i := range blk.performance {
		if r.rows.Performance != nil {
			r.rows.Performance(&blk.performance[i])
		}
	}
	for i := range blk.firewall {
		if r.rows.Firewall != nil {
			r.rows.Firewall(&blk.firewall[i])
		}
	}
	for i := range blk.metrics {
		r.b.addPoint(&blk.metrics[i])
	}
	for _, a := range blk.activity {
		r.b.addActivity(a)
	}
	for _, u := range blk.bad {
		r.b.skip(s.name, u.Line, u.Reason)
	}
}

func (r *reading) access(s *source, record *accesslog.Record, own bool) {
	if r.repeats.again(s, record) {
		r.b.Repeated++
		return
	}
	if r.rows.Access != nil {
		r.rows.Access(record, own)
	}
}
