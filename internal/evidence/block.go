package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/archive"
	"causeway/internal/evidence/envelope"
)

const (
	blockSize = 1 << 18 // small enough to stay in a processor's cache from one hand to the next
)

// block is a piece of a log that ends with a line, and what was read out of it.
type block struct {
	text    []byte
	first   int  // number of its first line
	partial bool // the last line has no end: it may be half written
	decoded chan struct{}

	access      []entry // the first n
	n           int
	performance []accesslog.Performance
	firewall    []accesslog.Firewall
	metrics     []point
	activity    []Activity
	lost        []accesslog.Lost
	bad         []Unread
	queried     int // rows that a query gave: they say when they were taken in
}

type entry struct {
	record accesslog.Record
	own    bool
}

func newBlock() *block { return &block{decoded: make(chan struct{}, 1)} }

func (blk *block) reset() {
	blk.text, blk.n, blk.partial, blk.queried = blk.text[:0], 0, false, 0
	blk.performance, blk.firewall, blk.metrics = blk.performance[:0], blk.firewall[:0], blk.metrics[:0]
	blk.activity, blk.lost, blk.bad = blk.activity[:0], blk.lost[:0], blk.bad[:0]
}

// decode reads the rows of the block.
func (blk *block) decode(d *accesslog.Decoder) {
	number := blk.first
	for text := blk.text; len(text) > 0; number++ {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		row, err := d.Row(line)
		if err != nil {
			if !blk.partial || len(text) > 0 {
				blk.bad = append(blk.bad, Unread{Line: number, Reason: reasonOf(err)})
			}
			continue
		}
		if row.Is(accesslog.LostCategory) {
			blk.gap(line, number)
			continue
		}
		blk.row(d, row, number)
	}
}

// gap takes the line that stands in a log for records which could not be kept.
func (blk *block) gap(line []byte, number int) {
	if l, ok := accesslog.DecodeLost(line); ok {
		blk.lost = append(blk.lost, l)
		return
	}
	blk.bad = append(blk.bad, Unread{Line: number, Reason: "the line reports lost records without their number"})
}

// row takes one row for what it is.
func (blk *block) row(d *accesslog.Decoder, row *accesslog.Row, number int) {
	if row.Has(accesslog.Generated) {
		blk.queried++
	}
	kind := row.Kind()
	if (kind == accesslog.Category || kind == accesslog.PerformanceCategory) && !blk.numbers(row, number) {
		return
	}
	switch kind {
	case accesslog.Category:
		blk.request(d, row, number)
	case accesslog.PerformanceCategory:
		blk.performance = append(blk.performance, d.Performance(row))
	case accesslog.FirewallCategory:
		blk.firewall = append(blk.firewall, d.Firewall(row))
	default:
		if p, ok := pointOf(row); ok {
			blk.metrics = append(blk.metrics, p)
		} else if a, ok := activityOfRow(row); ok {
			blk.activity = append(blk.activity, a)
		} else if row.Has(accesslog.MetricName) {
			blk.unread(number, "the row of metrics has no readable time or no readable number")
		}
	}
}

// numbers reports whether a row counts, and notes a number in it that cannot be read.
func (blk *block) numbers(row *accesslog.Row, number int) bool {
	name, whole := row.NoNumber()
	switch {
	case name == "":
		return true
	case whole:
		blk.unread(number, name+" is no number that can be read, so the row counts nowhere")
		return false
	}
	blk.unread(number, name+" is no number that can be read; the rest of the row counts")
	return true
}

// request keeps an access record.
func (blk *block) request(d *accesslog.Decoder, row *accesslog.Row, number int) {
	if !row.Has(accesslog.Status) && !row.IsSession() { // 0 is an answer that a client did not wait for; none is no answer at all
		blk.unread(number, "the record has no httpStatus; export it with that column")
		return
	}
	if blk.n == len(blk.access) {
		blk.access = append(blk.access, entry{})
	}
	e := &blk.access[blk.n]
	own, err := d.Record(row, &e.record)
	if err != nil {
		blk.unread(number, reasonOf(err))
		return
	}
	if e.own = own; e.record.Start.IsZero() {
		blk.unread(number, "the record has no readable time")
		return
	}
	blk.n++
}

func (blk *block) unread(number int, reason string) {
	blk.bad = append(blk.bad, Unread{Line: number, Reason: reason})
}

// reasonOf is the innermost reason of an error, in words that a reader of the file knows.
func reasonOf(err error) string {
	if reason, ok := typeReason(err); ok {
		return reason
	}
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}

// typeReason says which value of JSON is of another type than it should be. The library names types of Go, which no file has.
func typeReason(err error) (string, bool) {
	var bad *json.UnmarshalTypeError
	if !errors.As(err, &bad) {
		return "", false
	}
	field := bad.Field[strings.LastIndexByte(bad.Field, '.')+1:]
	if field == "" {
		return fmt.Sprintf("it holds %s where something else belongs", jsonKind(bad.Value)), true
	}
	return fmt.Sprintf("%s holds %s where something else belongs", strings.ToLower(field[:1])+field[1:], jsonKind(bad.Value)), true
}

// jsonKind is what a value of JSON is, with its article.
func jsonKind(kind string) string {
	switch kind, _, _ := strings.Cut(kind, " "); kind {
	case "bool":
		return "true or false"
	case "array", "object":
		return "an " + kind
	default:
		return "a " + kind
	}
}

// streamReason says why a stream could not be read to its end.
func streamReason(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) && !isCut(err) {
		return "it is cut off: copy it again; Causeway read the part before the cut"
	}
	if reason, ok := typeReason(err); ok {
		return reason
	}
	var file *fs.PathError
	if errors.As(err, &file) {
		return skipReason(file)
	}
	return err.Error()
}

// isCut reports whether an error says itself where an archive ends too soon.
func isCut(err error) bool {
	var cut *archive.CutError
	return errors.As(err, &cut)
}

// broken notes a stream that could not be read to its end, and the file that it is in if that is cut off.
func (b *Bundle) broken(file, name string, err error) {
	b.skip(name, 0, streamReason(err))
	if errors.Is(err, io.ErrUnexpectedEOF) || isCut(err) {
		b.note(file + " is cut off: what comes after is missing here, and counts and rates are of the part that came")
	}
}

// cutter cuts a stream into blocks at the ends of lines.
type cutter struct {
	in    io.Reader
	carry []byte
	line  int
}

func newCutter(in io.Reader) *cutter { return &cutter{in: in, line: 1} }

// cut fills a block. more is false at the end of the stream.
func (c *cutter) cut(blk *block) (more bool, err error) {
	blk.reset()
	blk.first = c.line
	blk.text = append(blk.text, c.carry...)
	c.carry = c.carry[:0]
	for size := blockSize; ; size = envelope.LineMax {
		if err := c.fill(blk, size); err != nil {
			blk.partial = len(blk.text) > 0 && blk.text[len(blk.text)-1] != '\n'
			return false, ignoreEOF(err)
		}
		if end := bytes.LastIndexByte(blk.text, '\n') + 1; end > 0 {
			c.carry = append(c.carry, blk.text[end:]...)
			blk.text = blk.text[:end]
			c.line += bytes.Count(blk.text, []byte("\n"))
			return true, nil
		}
		if size == envelope.LineMax {
			return c.pass(blk)
		}
	}
}

// EachLine calls f with every line of a stream, trimmed; the line is good until f returns. Lines longer than a row may be are
// passed over.
func EachLine(in io.Reader, f func(line []byte)) error {
	for c, blk, more := newCutter(in), newBlock(), true; more; {
		var err error
		if more, err = c.cut(blk); err != nil {
			return err
		}
		for line := range bytes.Lines(blk.text) {
			f(bytes.TrimSpace(line))
		}
	}
	return nil
}

// fill reads until a block has a size.
func (c *cutter) fill(blk *block, size int) error {
	blk.text = slices.Grow(blk.text, max(0, size-len(blk.text)))
	for len(blk.text) < size {
		n, err := c.in.Read(blk.text[len(blk.text):size])
		blk.text = blk.text[:len(blk.text)+n]
		if err != nil {
			return err
		}
	}
	return nil
}

// pass leaves out a line that is longer than any row.
func (c *cutter) pass(blk *block) (more bool, err error) {
	blk.bad = append(blk.bad, Unread{Line: c.line, Reason: "the line is longer than 1 MiB"})
	for {
		n, err := c.in.Read(blk.text[:envelope.LineMax])
		if i := bytes.IndexByte(blk.text[:n], '\n'); i >= 0 {
			c.carry = append(c.carry, blk.text[i+1:n]...)
			c.line++
			blk.text = blk.text[:0]
			return err == nil || errors.Is(err, io.EOF), ignoreEOF(err)
		}
		if err != nil {
			blk.text = blk.text[:0]
			return false, ignoreEOF(err)
		}
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
