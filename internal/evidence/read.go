package evidence

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/archive"
	"causeway/internal/evidence/envelope"
)

// Rows holds a callback for the rows of each category, called with one row at a time, in file order. A record is valid until
// the callback returns. Callbacks may be nil.
type Rows struct {
	Access      func(r *accesslog.Record, own bool) // own: it carries Causeway's object
	Performance func(*accesslog.Performance)
	Firewall    func(*accesslog.Firewall)
	Lost        func(accesslog.Lost) // records that the log lacks
	Without     accesslog.Fields     // texts of access records that Access does not look at
}

// Each calls f with every access record.
func (b *Bundle) Each(f func(r *accesslog.Record, own bool)) error { return b.EachRow(Rows{Access: f}) }

// EachRow reads all logs in one pass, on all processors. It keeps rows of metrics and of the activity log in the bundle. It
// notes what it cannot read and goes on.
func (b *Bundle) EachRow(rows Rows) error {
	b.done.Store(0)
	b.Misdated, b.Rows, b.swept = 0, 0, true
	r := &reading{b: b, rows: rows, repeats: repeats{cover: coverOf(b.logs)}}
	for i := 0; i < len(b.logs); {
		n := i + 1
		for n < len(b.logs) && b.logs[n].path == b.logs[i].path {
			n++
		}
		r.file(b.logs[i:n])
		i = n
	}
	if r.repeats.full {
		b.note(fmt.Sprintf("more than %d rows stand at times that several sources cover; beyond that, repeated rows count as new ones",
			maxRemembered))
	}
	b.noteMisdated()
	b.noteUnread()
	b.sortActivity()
	b.sortMetrics()
	b.joinMetrics()
	return nil
}

// reading is one pass over the logs.
type reading struct {
	b        *Bundle
	rows     Rows
	repeats  repeats
	clusters timeClusters // of the source that is being read

	blocks  []*block // that are free
	decoder accesslog.Decoder
}

// file reads the sources of one file on disk.
func (r *reading) file(sources []*source) {
	byName := map[string]*source{}
	for _, s := range sources {
		byName[s.name] = s
	}
	first := sources[0]
	err := EachLeaf(first.path, first.top, func(n int) { r.b.done.Add(int64(n)) }, func(l *archive.Leaf) error {
		s := byName[l.Name]
		if s == nil {
			return nil // a document, already taken
		}
		s.queried, s.rows, s.bad, r.clusters = 0, 0, 0, r.b.newTimeClusters(s)
		if err := r.source(s, l); err != nil && !errors.Is(err, io.EOF) {
			r.b.broken(s.top, s.name, err)
			s.bad++
		}
		r.settle(s)
		r.limits(s)
		r.fruitless(s)
		return nil
	})
	if err != nil && !errors.Is(err, io.EOF) {
		r.b.broken(first.top, first.top, err)
	}
}

// queryLimits are the most rows that an answer of Log Analytics holds: in the portal, and of the API and az.
var queryLimits = []int{30_000, 500_000}

// limits notes an answer of the maximum length: it does not say whether there were more rows.
func (r *reading) limits(s *source) {
	if slices.Contains(queryLimits, s.queried) {
		r.b.note(fmt.Sprintf("%s has exactly %d rows, the most that an answer of a workspace holds: it is truncated, and what lies beyond is missing here. Ask for shorter times, as causeway collect does", s.name, s.queried))
	}
}

// fruitless reports a source that looked like a log and gave no row: silence would read as "nothing failed".
func (r *reading) fruitless(s *source) {
	if s.rows == 0 && s.bad == 0 {
		r.b.skip(s.name, 0, "it looks like a log but holds no row of one")
	}
}

// source reads the rows of one source.
func (r *reading) source(s *source, l *archive.Leaf) error {
	switch s.form {
	case FormLines:
		return r.lines(s, l)
	case FormRecords:
		return r.lines(s, envelope.NewSplitter(l.Reader))
	case FormEnveloped:
		return r.lines(s, envelope.NewOpener(l.Reader))
	case FormAnswer:
		return r.queried(s, l)
	case FormTable:
		return r.table(s, l)
	}
	return nil
}

// lines reads a row on each line. It decodes a source of one block itself. For more, one goroutine cuts the stream into blocks,
// others decode them, and this one takes the rows in order.
func (r *reading) lines(s *source, in io.Reader) error {
	c, first := newCutter(in), r.block()
	defer r.free(first)
	more, err := c.cut(first)
	if err == nil && more {
		return r.blocksOf(s, c, first)
	}
	r.decoder.V1, r.decoder.Without = r.b.Generation(), r.rows.Without
	first.decode(&r.decoder)
	r.deliver(s, first)
	return err
}

// blocksOf reads a stream whose first block has been cut off already.
func (r *reading) blocksOf(s *source, c *cutter, first *block) error {
	workers := runtime.GOMAXPROCS(0)
	free, jobs, order := make(chan *block, 2*workers+2), make(chan *block, 2*workers+2), make(chan *block, 2*workers+2)
	for range cap(free) {
		free <- r.block()
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
		jobs <- first
		order <- first
		for more := true; more; {
			blk := <-free
			if more, failed = c.cut(blk); len(blk.text) > 0 || len(blk.bad) > 0 {
				jobs <- blk
				order <- blk
			} else {
				free <- blk
			}
		}
	}()
	for blk := range order {
		<-blk.decoded
		r.deliver(s, blk)
		if blk != first {
			free <- blk
		}
	}
	for range cap(free) {
		r.free(<-free)
	}
	return failed
}

// block returns a free block, or a new one: thousands of small files must not cost a block each.
func (r *reading) block() *block {
	if n := len(r.blocks); n > 0 {
		blk := r.blocks[n-1]
		r.blocks = r.blocks[:n-1]
		return blk
	}
	return newBlock()
}

func (r *reading) free(blk *block) { r.blocks = append(r.blocks, blk) }

// deliver hands on what a block holds.
func (r *reading) deliver(s *source, blk *block) {
	s.queried += blk.queried
	n := blk.n + len(blk.performance) + len(blk.firewall) + len(blk.metrics) + len(blk.activity) + len(blk.lost)
	s.rows, s.bad, r.b.Rows = s.rows+n, s.bad+len(blk.bad), r.b.Rows+n
	for i := range blk.access[:blk.n] {
		r.cluster(s, &blk.access[i].record, blk.access[i].own)
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
	for _, l := range blk.lost {
		if r.rows.Lost != nil {
			r.rows.Lost(l)
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
