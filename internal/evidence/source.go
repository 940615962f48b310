package evidence

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/archive"
	"causeway/internal/evidence/table"
)

// source is one place that holds rows of a log.
type source struct {
	path string // file on disk
	name string // for messages, with the entry of an archive
	top  string // the file alone, for messages
	form Form
	span span // of its rows

	style *table.Style // of a table

	rows    int // of any kind, that were read
	bad     int // lines that could not be
	queried int // rows that a query gave
}

// span is a period. A zero end is no bound.
type span struct{ from, to time.Time }

func (s span) holds(t time.Time) bool {
	return (s.from.IsZero() || !t.Before(s.from)) && (s.to.IsZero() || !t.After(s.to))
}

// slack is how far rows may stand out of order within a source.
const slack = 2 * time.Minute

// maxSources bounds how many files and entries of archives are taken: a few hundred bytes are kept of each.
const maxSources = 1 << 20

// addLog notes a source of rows.
func (b *Bundle) addLog(s *source, l *archive.Leaf, head []byte) {
	if info, err := os.Stat(s.path); err == nil && (len(b.logs) == 0 || b.logs[len(b.logs)-1].path != s.path) {
		b.size += info.Size()
	}
	if len(b.logs) >= maxSources {
		b.note(fmt.Sprintf("more than %d files hold logs: those beyond, from %s on, are not read. Give fewer at a time",
			maxSources, s.name))
		return
	}
	s.span = spanOf(l, s, head)
	if s.span.from.After(earliest) {
		b.dated++
	}
	switch s.form {
	case FormTable:
		s.style = b.surveyTable(s.name, l)
	case FormAnswer:
		s.style = b.survey(s.name, table.NewAnswer(l))
	}
	if s.style == nil && (s.form == FormTable || s.form == FormAnswer) {
		return // nothing of it can be read, which is noted
	}
	b.logs = append(b.logs, s)
}

// surveyTable looks through the table in a leaf.
func (b *Bundle) surveyTable(name string, l *archive.Leaf) *table.Style {
	rows, err := table.NewRows(l.Reader)
	if err != nil {
		return &table.Style{Envelope: -1} // which is reported when the rows are read
	}
	return b.survey(name, rows)
}

// survey looks through a table and notes what it has to assume. It returns nil for a table with no readable row, and notes why.
func (b *Bundle) survey(name string, rows table.Rows) *table.Style {
	style, err := table.Survey(rows)
	b.assumed(name, style)
	if err != nil {
		b.skip(name, 0, err.Error())
		return nil
	}
	return style
}

// assumed notes what had to be assumed of a table.
func (b *Bundle) assumed(name string, style *table.Style) {
	for _, note := range style.Notes {
		b.note(name + ": " + note)
	}
}

// sortLogs puts the sources into the order of time, those of one file on disk together, so that it is read once.
func (b *Bundle) sortLogs() {
	begins := map[string]time.Time{}
	for _, s := range b.logs {
		if t, ok := begins[s.path]; !ok || s.span.from.Before(t) {
			begins[s.path] = s.span.from
		}
	}
	slices.SortStableFunc(b.logs, func(x, y *source) int {
		return cmp.Or(begins[x.path].Compare(begins[y.path]), strings.Compare(x.path, y.path))
	})
}

// spanOf estimates the period that a source covers: rows of a log on disk stand roughly in the order of time, and the path of a
// blob names its hour.
func spanOf(l *archive.Leaf, s *source, head []byte) span {
	if h, ok := HourOf(l.Name); ok {
		return span{h.Add(-slack), h.Add(time.Hour + 10*time.Minute)}
	}
	if s.form != FormLines || !l.Plain {
		return span{}
	}
	first, ok1 := timeIn(head, false)
	last, ok2 := timeIn(tailOf(s.path), true)
	if !ok1 || !ok2 {
		return span{}
	}
	if last.Before(first) {
		first, last = last, first
	}
	return span{first.Add(-slack), last.Add(slack)}
}

var blobPath = regexp.MustCompile(`y=(\d{4})/m=(\d\d?)/d=(\d\d?)/h=(\d\d?)/m=\d\d?/`)

// HourOf reads the hour out of the path of a blob in a storage account.
func HourOf(name string) (time.Time, bool) {
	m := blobPath.FindStringSubmatch(path.Clean(strings.ReplaceAll(name, `\`, "/")))
	if m == nil {
		return time.Time{}, false
	}
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	return time.Date(n[0], time.Month(n[1]), n[2], n[3], 0, 0, 0, time.UTC), true
}

// timeIn is the time of the first, or last, row in a piece of a log.
func timeIn(text []byte, last bool) (time.Time, bool) {
	var d accesslog.Decoder
	found, ok := time.Time{}, false
	for line := range bytes.Lines(text) {
		row, err := d.Row(bytes.TrimSpace(line))
		if err != nil {
			continue
		}
		if t, good := row.When(); good {
			found, ok = t, true
			if !last {
				break
			}
		}
	}
	return found, ok
}

// tailOf is the end of a file.
func tailOf(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > archive.HeadSize {
		if _, err := f.Seek(-archive.HeadSize, io.SeekEnd); err != nil {
			return nil
		}
	}
	text, _ := io.ReadAll(f)
	return text
}
