// Package table reads exported tables row by row: CSV and its like, tables drawn with bars or aligned with blanks, lists of
// names and values, JSON objects, answers of queries. It knows which columns are fields of the log, and how each column writes
// times and numbers.
package table

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"causeway/internal/evidence/envelope"
)

// Rows reads a table row by row, however it is laid out.
type Rows interface {
	// next is the next row and the number of its line; io.EOF at the end. The first is the heading. A *csv.ParseError is of
	// that row alone.
	Next() (row []string, line int, err error)
}

// NewRows reads the table that a text begins with. The heading must stand within what the reader buffers.
func NewRows(text *bufio.Reader) (Rows, error) {
	head, _ := text.Peek(text.Size())
	found, ok := layoutOf(head)
	if !ok && IsObjects(head) {
		found = layout{marks: objects}
	} else if !ok {
		return nil, errors.New("the table has no heading that is known")
	}
	in := &textLines{in: text}
	for range found.before {
		if _, err := in.next(); err != nil {
			return nil, err
		}
	}
	switch found.marks {
	case separated:
		return newSeparated(text, found), nil
	case ruled:
		return &ruledRows{in: in}, nil
	case aligned:
		return &alignedRows{in: in}, nil
	case listed:
		return &listedRows{in: in}, nil
	}
	return newObjectRows(text), nil
}

// separatedRows reads CSV and its like.
type separatedRows struct {
	csv    *csv.Reader
	bound  *bounded
	before int
}

func newSeparated(in io.Reader, l layout) *separatedRows {
	s := &separatedRows{bound: &bounded{in: in}, before: l.before}
	s.csv = csv.NewReader(s.bound)
	s.csv.Comma, s.csv.FieldsPerRecord, s.csv.LazyQuotes, s.csv.ReuseRecord = l.comma, -1, true, true
	return s
}

func (s *separatedRows) Next() ([]string, int, error) {
	s.bound.n = 0
	row, err := s.csv.Read()
	if err != nil && !errors.Is(err, csv.ErrFieldCount) {
		if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
			return nil, bad.Line + s.before, err
		}
		return nil, 0, err
	}
	line, _ := s.csv.FieldPos(0)
	return row, line + s.before, nil
}

// bounded ends a stream in which one row does not end: a quote that is never closed would take all the rest.
type bounded struct {
	in io.Reader
	n  int
}

// rowMax bounds a row of a table in bytes.
const rowMax = 16 << 20

var errLongRow = errors.New("a row is too long, probably because of an unclosed quote: Causeway did not read the rest")

func (b *bounded) Read(p []byte) (int, error) {
	if b.n > rowMax {
		return 0, errLongRow
	}
	n, err := b.in.Read(p)
	b.n += n
	return n, err
}

// textLines reads lines no longer than a row may be.
type textLines struct {
	in     *bufio.Reader
	number int
}

// next is the next line without its end; io.EOF after the last one.
func (t *textLines) next() (string, error) {
	t.number++
	var line []byte
	for {
		part, err := t.in.ReadSlice('\n')
		if len(line) <= envelope.LineMax {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && len(line) == 0:
			return "", err
		case err != nil && !errors.Is(err, io.EOF):
			return "", err
		case len(line) > envelope.LineMax:
			return "", &csv.ParseError{StartLine: t.number, Line: t.number, Err: errLongLine}
		}
		return strings.TrimRight(string(line), "\r\n"), nil
	}
}

var errLongLine = errors.New("the line is longer than 1 MiB")

// ruledRows reads a table with bars. It skips text between the lines, such as a count of rows.
type ruledRows struct{ in *textLines }

func (r *ruledRows) Next() ([]string, int, error) {
	for {
		line, err := r.in.next()
		switch {
		case err != nil:
			return nil, r.in.number, err
		case !strings.ContainsAny(line, "|│") || rule.MatchString(line):
			continue
		}
		return ruledCells(line), r.in.number, nil
	}
}

// alignedRows reads what az prints with -o table, and its like: cells stand apart by two blanks or more, and hold single ones.
type alignedRows struct {
	in     *textLines
	begun  bool
	ahead  *string // the line after the heading, where it is no dashes
	starts []int
}

func (a *alignedRows) Next() ([]string, int, error) {
	if !a.begun {
		return a.heading()
	}
	for {
		line, err := a.line()
		switch {
		case err != nil:
			return nil, a.in.number, err
		case strings.TrimSpace(line) == "" || isDashes(line):
			continue
		}
		cells := cellsOf(line, a.starts)
		if len(cells) != len(a.starts) {
			return nil, a.in.number, &csv.ParseError{StartLine: a.in.number, Line: a.in.number, Err: errMisfit}
		}
		return cells, a.in.number, nil
	}
}

// heading reads the names, and the dashes under them if there are some: columns begin where they do.
func (a *alignedRows) heading() ([]string, int, error) {
	a.begun = true
	line, err := a.in.next()
	if err != nil {
		return nil, a.in.number, err
	}
	number := a.in.number
	second, err := a.in.next()
	if err != nil || !isDashes(second) {
		if err == nil {
			a.ahead = &second
		}
		a.starts = wordStarts(line)
		return gap.Split(strings.TrimSpace(line), -1), number, nil
	}
	a.starts = columnStarts(second)
	return cellsOf(line, a.starts), number, nil
}

var errMisfit = errors.New("its cells do not line up with the heading: export it as JSON")

// wordStarts is where the names of a heading without dashes begin, in characters.
func wordStarts(heading string) (starts []int) {
	blanks := 2
	for i, c := range []rune(heading) {
		switch {
		case c == ' ':
			blanks++
			continue
		case blanks >= 2:
			starts = append(starts, i)
		}
		blanks = 0
	}
	return starts
}

func (a *alignedRows) line() (string, error) {
	if a.ahead != nil {
		line := *a.ahead
		a.ahead = nil
		return line, nil
	}
	return a.in.next()
}

// listedRows reads what Format-List prints: names and values, a line each, and an empty line after each row. The first row
// says which columns there are.
type listedRows struct {
	in      *textLines
	heading []string
	first   []string
	begins  int
	ended   error
}

func (l *listedRows) Next() ([]string, int, error) {
	if l.first != nil {
		row := l.first
		l.first = nil
		return row, l.begins, nil
	}
	names, values, err := l.row()
	if err != nil {
		return nil, l.in.number, err
	}
	if l.heading == nil {
		l.heading, l.first = names, values
		return names, l.begins, nil
	}
	row := make([]string, len(l.heading))
	for i, name := range names {
		for k, known := range l.heading {
			if known == name {
				row[k] = values[i]
			}
		}
	}
	return row, l.begins, nil
}

// row reads the lines of one row. A value that was wrapped goes on in lines that begin with blanks.
func (l *listedRows) row() (names, values []string, err error) {
	var value strings.Builder // of the last name
	size := 0
	finish := func() {
		if len(values) < len(names) {
			values = append(values, value.String())
			value.Reset()
		}
	}
	for l.ended == nil {
		line, err := l.in.next()
		if l.ended = err; err != nil {
			break
		}
		if size += len(line); size > envelope.LineMax {
			l.ended = errLongRow
			break
		}
		m := listedLine.FindStringSubmatch(line)
		switch {
		case strings.TrimSpace(line) == "":
			if len(names) > 0 {
				finish()
				return names, values, nil
			}
		case m != nil && line[0] != ' ':
			if finish(); len(names) == 0 {
				l.begins = l.in.number
			}
			names = append(names, m[1])
			value.WriteString(strings.TrimSpace(m[2]))
		case len(names) > 0:
			value.WriteString(strings.TrimSpace(line))
		}
	}
	if len(names) > 0 && !errors.Is(l.ended, errLongRow) {
		finish()
		return names, values, nil
	}
	return nil, nil, l.ended
}

// objectRows reads JSON objects as rows of a table. The first says which columns there are.
type objectRows struct {
	lines   *textLines
	heading []string
	first   []string
}

func newObjectRows(text *bufio.Reader) *objectRows {
	return &objectRows{lines: &textLines{in: bufio.NewReaderSize(envelope.NewSplitter(text), 64<<10)}}
}

func (o *objectRows) Next() ([]string, int, error) {
	if o.first != nil {
		row := o.first
		o.first = nil
		return row, o.lines.number, nil
	}
	line, err := o.lines.next()
	if err != nil {
		return nil, o.lines.number, err
	}
	names, values, err := members([]byte(line))
	if err != nil {
		return nil, o.lines.number, &csv.ParseError{
			StartLine: o.lines.number,
			Line:      o.lines.number,
			Err:       fmt.Errorf("it is not a JSON object"),
		}
	}
	if o.heading == nil {
		o.heading, o.first = names, values
		return names, o.lines.number, nil
	}
	row := make([]string, len(o.heading))
	at := map[string]int{}
	for i, name := range names {
		at[name] = i
	}
	for k, name := range o.heading {
		if i, ok := at[name]; ok {
			row[k] = values[i]
		}
	}
	return row, o.lines.number, nil
}

// members are the names and values of a JSON object, in their order.
func members(object []byte) (names, values []string, err error) {
	d := json.NewDecoder(strings.NewReader(string(object)))
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, nil, err
		}
		name, _ := key.(string)
		names, values = append(names, name), append(values, textOf(value))
	}
	return names, values, nil
}

// answeredRows reads the first table of the answer of a query: {"tables":[{"columns":[…],"rows":[[…]]}]}.
type answeredRows struct {
	d    *json.Decoder
	rows bool // the rows have begun
	n    int
}

// NewAnswer reads the rows of the first table in the answer of a query.
func NewAnswer(in io.Reader) Rows {
	d := json.NewDecoder(in)
	d.UseNumber()
	return &answeredRows{d: d}
}

func (a *answeredRows) Next() ([]string, int, error) {
	for !a.rows {
		token, err := a.d.Token()
		switch {
		case err != nil:
			return nil, 0, io.EOF
		case token == "columns":
			var names []struct{ Name string }
			if a.d.Decode(&names) != nil {
				return nil, 0, io.EOF
			}
			heading := make([]string, len(names))
			for i, n := range names {
				heading[i] = n.Name
			}
			return heading, 0, nil
		case token == "rows":
			if _, err := a.d.Token(); err != nil {
				return nil, 0, io.EOF
			}
			a.rows = true
		}
	}
	var row []any
	if !a.d.More() || a.d.Decode(&row) != nil {
		return nil, 0, io.EOF
	}
	a.n++
	return TextsOf(row), a.n, nil
}

var gap = regexp.MustCompile(`\s{2,}`)

// columnStarts is where the runs of dashes under a heading begin, in characters.
func columnStarts(dashes string) []int {
	var out []int
	for i := range dashes {
		if dashes[i] == '-' && (i == 0 || dashes[i-1] == ' ') {
			out = append(out, i)
		}
	}
	return out
}

// cellsOf cuts a line where its columns begin; a line that does not fit them is cut at gaps.
func cellsOf(text string, starts []int) []string {
	runes := []rune(text)
	cells := make([]string, 0, len(starts))
	for i, from := range starts {
		to := len(runes)
		if i+1 < len(starts) {
			to = min(to, starts[i+1])
		}
		if from > len(runes) {
			from = len(runes)
		}
		if from > 0 && from < len(runes) && runes[from-1] != ' ' {
			return gap.Split(strings.TrimSpace(text), -1)
		}
		cells = append(cells, strings.TrimSpace(string(runes[from:max(from, to)])))
	}
	return cells
}

// IsRowError reports whether an error is of one row alone.
func IsRowError(err error) bool {
	var bad *csv.ParseError
	return errors.As(err, &bad) && !errors.Is(err, errLongRow)
}
