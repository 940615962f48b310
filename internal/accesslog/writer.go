package accesslog

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	queueBytes   = 8 << 20 // encoded records that may wait for the disk; what comes beyond is lost and counted
	flushBytes   = 128 << 10
	flushEvery   = time.Second
	sparesAtHand = 8 // batches whose memory is kept for the next
)

// batch is encoded records, one after the other.
type batch struct {
	bytes []byte
	lines int64
}

// Writer keeps records in hourly segments on disk. Records are encoded into a queue in memory and written by a
// goroutine of its own: a request never waits for the disk, and a disk that is full or slow costs log lines only.
type Writer struct {
	root string // one instance's
	now  func() time.Time

	mu     sync.Mutex // held to encode one record, never while writing
	queue  batch      // records of Write
	handed []batch    // what Buffers have collected
	size   int        // bytes of handed
	spares [][]byte
	closed bool

	wake chan struct{}
	done chan struct{}

	// Only the writing goroutine touches these.
	file      *os.File  // the open segment
	of        string    // id of the gateway whose records it holds
	hour      time.Time // of these records
	reported  outage
	marked    int64     // of the lost records, those that the log itself reports
	lostSince time.Time // when the first of the others was noticed

	lost    atomic.Int64
	written atomic.Int64
	failure atomic.Pointer[error]
}

// outage is what the process's log says of lost records: one line when it begins, one when it is over.
type outage struct {
	on     bool
	before int64 // lost before it began
	seen   int64 // lost by the last look
}

// NewWriter starts a writer whose segments lie under root:
//
//	root/insights-logs-applicationgatewayaccesslog/resourceId=…/y=2026/m=11/d=23/h=09/m=00/PT1H.json
func NewWriter(root string) *Writer {
	w := &Writer{root: root, now: time.Now, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.run()
	return w
}

// Write queues a record. It never blocks on anything but other calls of Write.
func (w *Writer) Write(r *Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full() {
		w.lost.Add(1)
		return
	}
	before := len(w.queue.bytes)
	w.queue.bytes = r.Append(w.queue.bytes)
	w.queue.lines++
	if before < flushBytes && len(w.queue.bytes) >= flushBytes {
		w.nudge()
	}
}

// hand queues what a Buffer has collected and returns memory for more, nil if there is none at hand.
func (w *Writer) hand(b batch) (spare []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full() {
		w.lost.Add(b.lines)
		return b.bytes[:0]
	}
	w.handed = append(w.handed, b)
	w.size += len(b.bytes)
	w.nudge()
	if n := len(w.spares); n > 0 {
		spare, w.spares = w.spares[n-1], w.spares[:n-1]
	}
	return spare
}

// full reports whether no record is taken any more. w.mu is held.
func (w *Writer) full() bool { return w.closed || len(w.queue.bytes)+w.size >= queueBytes }

// nudge wakes the writing goroutine. w.mu is held: nothing may wake it after Close.
func (w *Writer) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Lost is the number of records that the disk or the queue could not take.
func (w *Writer) Lost() int64 { return w.lost.Load() }

// Written is the number of records on disk.
func (w *Writer) Written() int64 { return w.written.Load() }

// Err is the last failure to write, nil after a success.
func (w *Writer) Err() error {
	if e := w.failure.Load(); e != nil {
		return *e
	}
	return nil
}

// Close writes what is queued and closes the segment. Later records are lost.
func (w *Writer) Close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.wake)
	}
	w.mu.Unlock()
	<-w.done
}

func (w *Writer) run() {
	defer close(w.done)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for open := true; open; {
		select {
		case _, open = <-w.wake:
		case <-tick.C:
		}
		w.flush()
	}
	w.mark()
	w.closeFile()
}

// flush writes what is queued to the segment of the current hour.
func (w *Writer) flush() {
	w.mu.Lock()
	batches := w.handed
	if w.queue.lines > 0 {
		batches = append(batches, w.queue)
		w.queue = batch{}
		if n := len(w.spares); n > 0 {
			w.queue.bytes, w.spares = w.spares[n-1], w.spares[:n-1]
		}
	}
	w.handed, w.size = nil, 0
	w.mu.Unlock()
	for _, b := range batches {
		w.store(b.bytes, b.lines)
		w.keep(b.bytes)
	}
}

// keep keeps the memory of a batch for another.
func (w *Writer) keep(spare []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.spares) < sparesAtHand && cap(spare) <= 4*flushBytes {
		w.spares = append(w.spares, spare[:0])
	}
}

func (w *Writer) store(batch []byte, lines int64) {
	defer w.reportOutage()
	n, err := 0, w.open(batch)
	if err == nil {
		n, err = w.file.Write(batch)
	}
	if err != nil {
		kept := int64(bytes.Count(batch[:n], []byte("\n"))) // a disk that fills up takes a part
		w.written.Add(kept)
		w.lost.Add(lines - kept)
		w.failure.Store(&err)
		if w.lostSince.IsZero() {
			w.lostSince = w.now().Add(-flushEvery)
		}
		w.cutPartial()
		return
	}
	w.written.Add(lines)
	w.failure.Store(nil)
	w.mark()
}

// mark writes into the log itself how many records it lacks, once writing works again: later readers of the files must
// not take them for everything that happened.
func (w *Writer) mark() {
	lost := w.lost.Load()
	if lost == w.marked || w.file == nil {
		return
	}
	now := w.now()
	since := w.lostSince
	if since.IsZero() {
		since = now.Add(-flushEvery)
	}
	line := appendLost(nil, w.of, lost-w.marked, since, now)
	if _, err := w.file.Write(line); err != nil {
		w.cutPartial()
		return
	}
	w.marked, w.lostSince = lost, time.Time{}
}

// errSlow is the reason for lost records while every write succeeds.
var errSlow = errors.New("the disk is slower than the requests")

// reportOutage says when records begin to be lost, and when they are kept again.
func (w *Writer) reportOutage() {
	lost, t := w.lost.Load(), &w.reported
	switch {
	case lost > t.seen && !t.on:
		err := w.Err()
		if err == nil {
			err = errSlow
		}
		slog.Warn("access-log records are being lost", "records", lost-t.seen, "error", err)
		t.on, t.before = true, t.seen
	case lost == t.seen && t.on:
		slog.Info("access-log records are kept again", "lost", lost-t.before)
		t.on = false
	}
	t.seen = lost
}

// cutPartial cuts a half-written batch off, so that the next one starts a line of its own.
func (w *Writer) cutPartial() {
	if w.file == nil {
		return
	}
	if end, err := lastLineEnd(w.file); err == nil {
		w.file.Truncate(end)
	}
	w.closeFile()
}

// lastLineEnd is the offset behind the last line end of f.
func lastLineEnd(f *os.File) (int64, error) {
	r, err := os.Open(f.Name())
	if err != nil {
		return 0, err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return 0, err
	}
	b := make([]byte, 64<<10)
	for end := info.Size(); end > 0; {
		from := max(0, end-int64(len(b)))
		n, err := r.ReadAt(b[:end-from], from)
		if n == 0 && err != nil {
			return 0, err
		}
		if i := strings.LastIndexByte(string(b[:n]), '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		end = from
	}
	return 0, nil
}

// open makes the segment of the current hour the open one.
func (w *Writer) open(batch []byte) error {
	id, now := resourceOf(batch), w.now()
	if hour := now.UTC().Truncate(time.Hour); w.file == nil || w.of != string(id) || !w.hour.Equal(hour) {
		return w.openSegment(string(id), hour)
	}
	return nil
}

func (w *Writer) openSegment(id string, hour time.Time) error {
	w.closeFile()
	path := SegmentPath(w.root, id, hour)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	w.file, w.of, w.hour = f, id, hour
	return endLine(f)
}

// endLine ends a last line that a crash has left torn, so that it costs itself alone. A gateway that is draining may be
// writing to the same segment: a line that still grows is its own affair.
func endLine(f *os.File) error {
	for before := int64(-1); ; time.Sleep(20 * time.Millisecond) {
		info, err := f.Stat()
		if err != nil || info.Size() == 0 {
			return err
		}
		var last [1]byte
		if _, err := f.ReadAt(last[:], info.Size()-1); err != nil || last[0] == '\n' {
			return err
		}
		if info.Size() == before {
			_, err = f.Write([]byte("\n"))
			return err
		}
		before = info.Size()
	}
}

func (w *Writer) closeFile() {
	if w.file != nil {
		w.file.Close()
		w.file = nil
	}
}

// resourceOf takes the resource id out of the first record of a batch.
func resourceOf(batch []byte) []byte {
	_, rest, ok := bytes.Cut(batch[:min(len(batch), 2<<10)], []byte(`"resourceId":"`))
	id, _, end := bytes.Cut(rest, []byte(`"`))
	if !ok || !end || bytes.Contains(id, []byte("..")) {
		return nil
	}
	return id
}

// Container is the name of the access log's container in a storage account.
const Container = "insights-logs-applicationgatewayaccesslog"

// SegmentPath is where the records that arrive in the hour of t lie, by Azure's convention, in UTC.
func SegmentPath(root, resourceID string, t time.Time) string {
	return filepath.Join(root, Container, filepath.FromSlash("resourceId="+folderOf(resourceID)),
		filepath.FromSlash(t.UTC().Format("y=2006/m=01/d=02/h=15/m=00")), "PT1H.json")
}
