package arm

import (
	"bufio"
	"bytes"
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/kql"
)

// logLineMax is how many bytes a record may have; the heads that the gateway accepts are far shorter.
const logLineMax = 1 << 20

// logRows are the rows that a query has found so far, no more than it may answer.
type logRows struct {
	run     *logRun
	rows    []logRow
	bytes   int
	count   int
	partial bool // there are more rows than the answer may hold
	full    bool // no further row can change the answer
}

type logRow struct {
	at   time.Time
	text json.RawMessage
}

// run reads the logs of all instances, as they lie below root.
func (r *logRun) run(ctx context.Context, root string, index *logIndex) (*logRows, error) {
	found := &logRows{run: r}
	if r.table.category == "" || root == "" || r.Take == 0 {
		return found, nil
	}
	segments, err := accesslog.Segments(root)
	if err != nil {
		return nil, err
	}
	index.keep(segments)
	for _, s := range segments {
		if s.Modified.Before(r.from) { // a record is written after its request began
			continue
		}
		if err := found.segment(ctx, s, index); err != nil {
			return nil, err
		}
		if found.full {
			break
		}
	}
	return found, nil
}

// segment adds the rows of one segment. It passes over the blocks that the index knows to be outside the window.
func (l *logRows) segment(ctx context.Context, s accesslog.Segment, index *logIndex) error {
	f, err := os.Open(s.Path)
	if errors.Is(err, fs.ErrNotExist) { // retention took it
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	blocks, at := index.of(s), int64(0)
	for i := range blocks {
		if !blocks[i].misses(l.run) {
			if err := l.read(ctx, io.NewSectionReader(f, at, blocks[i].end-at), at, func(logBlock) {}); err != nil || l.full {
				return err
			}
		}
		at = blocks[i].end
	}
	known := len(blocks)
	return l.read(ctx, io.NewSectionReader(f, at, s.Bytes-at), at, func(b logBlock) {
		index.add(s.Path, known, b)
		known++
	})
}

// read adds the rows of the lines from an offset on, and reports each block. The last line may still be in the making.
func (l *logRows) read(ctx context.Context, from io.Reader, offset int64, report func(logBlock)) error {
	in := bufio.NewReaderSize(from, logLineMax)
	block := logBlock{end: offset}
	for lines := 0; !l.full; lines++ {
		if lines%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := in.ReadSlice('\n')
		block.end += int64(len(line))
		switch {
		case errors.Is(err, bufio.ErrBufferFull): // no record
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if at, ok := stampOf(line); ok {
			block.note(at)
			l.add(at, line)
		}
		if block.end-offset >= blockBytes {
			report(block)
			offset, block = block.end, logBlock{end: block.end}
		}
	}
	return nil
}

// add adds the row of a line, if the query asks for it.
func (l *logRows) add(at time.Time, line []byte) {
	if at.Before(l.run.from) || !l.run.to.IsZero() && !at.Before(l.run.to) || !l.run.holds(line) {
		return
	}
	l.count++
	if l.run.Count {
		l.full = l.count == l.run.Take
		return
	}
	r := logRecord{at: at}
	if !r.decode(line) {
		return
	}
	cells := make([]any, len(l.run.table.columns))
	for i, c := range l.run.table.columns {
		cells[i] = c.value(&r)
	}
	text, err := json.Marshal(cells)
	if err != nil {
		return
	}
	l.keep(logRow{at, text})
}

// keep adds a row, and drops the last one in the order of the query where there are too many.
func (l *logRows) keep(row logRow) {
	if l.run.Order == kql.Unordered {
		if l.bytes+len(row.text) > logQueryRows {
			l.partial, l.full = true, true
			return
		}
		l.rows, l.bytes = append(l.rows, row), l.bytes+len(row.text)
		l.full = len(l.rows) == l.run.Take
		return
	}
	heap.Push(l, row)
	for l.bytes > logQueryRows || l.run.Take > 0 && len(l.rows) > l.run.Take {
		l.partial = l.partial || l.bytes > logQueryRows && (l.run.Take < 0 || len(l.rows) <= l.run.Take)
		heap.Pop(l)
	}
}

// Len, Less, Swap, Push and Pop implement heap.Interface: the first row is the one that goes first.
func (l *logRows) Len() int { return len(l.rows) }

func (l *logRows) Less(i, j int) bool {
	if l.run.Order == kql.Descending {
		return l.rows[i].at.Before(l.rows[j].at)
	}
	return l.rows[j].at.Before(l.rows[i].at)
}

func (l *logRows) Swap(i, j int) { l.rows[i], l.rows[j] = l.rows[j], l.rows[i] }

// Push adds a row at the end.
func (l *logRows) Push(row any) {
	r, _ := row.(logRow)
	l.rows, l.bytes = append(l.rows, r), l.bytes+len(r.text)
}

// Pop takes the row at the end.
func (l *logRows) Pop() any {
	last := l.rows[len(l.rows)-1]
	l.rows, l.bytes = l.rows[:len(l.rows)-1], l.bytes-len(last.text)
	return last
}

// ordered are the rows in their order.
func (l *logRows) ordered(by kql.Order) []json.RawMessage {
	if by != kql.Unordered {
		slices.SortStableFunc(l.rows, func(a, b logRow) int {
			if by == kql.Descending {
				return b.at.Compare(a.at)
			}
			return a.at.Compare(b.at)
		})
	}
	out := make([]json.RawMessage, len(l.rows))
	for i, r := range l.rows {
		out[i] = r.text
	}
	return out
}

func (l *logRows) countText() string { return strconv.Itoa(l.count) }

// holds reports whether a line is of the table, and all conditions hold. Only a line that has the right status is decoded, if at all.
func (r *logRun) holds(line []byte) bool {
	l := logLine{line: line, category: textIn(line, "category")}
	if l.category != r.table.category {
		return false
	}
	for i := range r.conditions {
		if c := &r.conditions[i]; c.Numeric && !c.holdsNumber(numberIn(line, statusProperty)) {
			return false
		}
	}
	for i := range r.conditions {
		if c := &r.conditions[i]; !c.Numeric && !c.holdsText(l.text(c)) {
			return false
		}
	}
	return true
}

// logLine is a line with its texts, each of which is read once.
type logLine struct {
	line                      []byte
	category, resource, lower string
	record                    *logRecord
}

// text is the value of the column of a condition. One that stands beside the properties is found without decoding the line.
func (l *logLine) text(c *logCondition) string {
	switch c.Column {
	case "Category":
		return l.category
	case "ResourceId", "_ResourceId":
		if l.resource == "" {
			l.resource = textIn(l.line, "resourceId")
			l.lower = strings.ToLower(l.resource)
		}
		if c.Column == "ResourceId" {
			return l.resource
		}
		return l.lower
	}
	if l.record == nil {
		l.record = new(logRecord)
		l.record.decode(l.line) // what is no record has empty texts
	}
	text, _ := c.column.value(l.record).(string)
	return text
}

func (c *logCondition) holdsText(is string) bool {
	switch c.Op {
	case "=~":
		return strings.EqualFold(is, c.Text)
	case "contains":
		return strings.Contains(strings.ToLower(is), strings.ToLower(c.Text))
	}
	return is == c.Text
}

func (c *logCondition) holdsNumber(is int, ok bool) bool {
	switch c.Op {
	case "<":
		return ok && is < c.Number
	case "<=":
		return ok && is <= c.Number
	case ">":
		return ok && is > c.Number
	case ">=":
		return ok && is >= c.Number
	}
	return ok && is == c.Number
}

// numberIn is the value of a number without decoding the line.
func numberIn(line []byte, key string) (n int, ok bool) {
	_, rest, _ := bytes.Cut(line, []byte(`"`+key+`":`))
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(string(rest[:end]))
	return n, err == nil
}

// textIn is the value of a text without decoding the line. Quotes within texts are escaped, so that none looks like a key.
func textIn(line []byte, key string) string {
	_, rest, _ := bytes.Cut(line, []byte(`"`+key+`":"`))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	if bytes.IndexByte(value, '\\') >= 0 {
		var fields map[string]json.RawMessage
		var text string
		if json.Unmarshal(line, &fields) == nil && json.Unmarshal(fields[key], &text) == nil {
			return text
		}
	}
	return string(value)
}

// stampOf is the time stamp of a line, in either schema.
func stampOf(line []byte) (time.Time, bool) {
	for _, key := range []string{"timeStamp", "time"} {
		if text := textIn(line, key); text != "" {
			at, err := time.Parse(time.RFC3339, text)
			return at.UTC(), err == nil
		}
	}
	return time.Time{}, false
}
