package evidence

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"causeway/accesslog"
)

// table is rows under a heading. One goroutine reads it: exports of this kind are small.
type table struct {
	r      *reading
	s      *source
	d      accesslog.Decoder
	fields []accesslog.Field
	blk    *block
}

func (r *reading) newTable(s *source, heading []string) *table {
	t := &table{r: r, s: s, d: accesslog.Decoder{V1: r.b.Generation()}, blk: newBlock()}
	for _, name := range heading {
		t.fields = append(t.fields, accesslog.FieldOf(name))
	}
	return t
}

// row hands on one row.
func (t *table) row(cells []string, number int) {
	t.blk.reset()
	var row accesslog.Row
	for i, cell := range cells[:min(len(cells), len(t.fields))] {
		if t.fields[i] == accesslog.Inner {
			t.d.Inner(&row, []byte(cell))
			continue
		}
		row.Set(t.fields[i], []byte(t.s.times.plain(i, cell)))
	}
	t.blk.row(&t.d, &row, number)
	t.r.deliver(t.s, t.blk)
}

// commas reads what the portal exports, or az with -o tsv turned into CSV: a heading, then quoted cells.
func (r *reading) commas(s *source, in io.Reader) error {
	c := csv.NewReader(in)
	c.FieldsPerRecord, c.LazyQuotes, c.ReuseRecord = -1, true, true
	heading, err := c.Read()
	if err != nil {
		return fmt.Errorf("read the heading: %w", err)
	}
	if isMetricHeading(heading) {
		return r.metricTable(s, c, append([]string(nil), heading...))
	}
	t := r.newTable(s, heading)
	for {
		cells, err := c.Read()
		line, _ := c.FieldPos(0)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, csv.ErrFieldCount):
		case err != nil:
			var bad *csv.ParseError
			if !errors.As(err, &bad) {
				return err
			}
			r.b.skip(s.name, bad.Line, bad.Err.Error())
			continue
		}
		t.row(cells, line)
	}
}

var gap = regexp.MustCompile(`\s{2,}`)

// columns reads what az prints with -o table: cells stand apart by two blanks or more, and hold single ones.
func (r *reading) columns(s *source, in *leaf) error {
	var t *table
	var starts []int
	for number := 1; ; number++ {
		line, err := in.ReadString('\n')
		text := strings.TrimRight(line, "\r\n")
		switch {
		case len(line) > lineMax:
			r.b.skip(s.name, number, "the line is longer than 1 MiB")
		case strings.TrimSpace(text) == "":
		case t == nil:
			t = r.newTable(s, gap.Split(strings.TrimSpace(text), -1))
		case starts == nil && strings.Trim(text, "- ") == "":
			starts = columnStarts(text)
		default:
			t.row(cellsOf(text, starts), number)
		}
		if err != nil {
			return ignoreEOF(err)
		}
	}
}

// columnStarts is where the runs of dashes under a heading begin.
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

// queried reads the answer of a query: tables of columns and rows.
func (r *reading) queried(s *source, in io.Reader) error {
	d := json.NewDecoder(in)
	d.UseNumber()
	var t *table
	for {
		token, err := d.Token()
		if err != nil {
			return ignoreEOF(err)
		}
		switch token {
		case "error": // beside the rows that there was room for
			if err := r.partial(s, d); err != nil {
				return err
			}
		case "columns":
			var names []struct{ Name string }
			if err := d.Decode(&names); err != nil {
				return fmt.Errorf("read the columns: %w", err)
			}
			heading := make([]string, len(names))
			for i, n := range names {
				heading[i] = n.Name
			}
			t = r.newTable(s, heading)
		case "rows":
			if t == nil {
				return errors.New("the rows come before the columns")
			}
			if err := t.rows(d); err != nil {
				return err
			}
		}
	}
}

// partial notes what a query says of an answer that is not whole.
func (r *reading) partial(s *source, d *json.Decoder) error {
	var why struct {
		Code, Message string
		Details       []struct {
			Message    string
			InnerError struct{ Message string }
		}
	}
	if err := d.Decode(&why); err != nil {
		return fmt.Errorf("read the error of the query: %w", err)
	}
	text := why.Message
	for _, x := range why.Details {
		text = cmp.Or(x.InnerError.Message, x.Message, text)
	}
	r.b.note(fmt.Sprintf("%s is truncated, as the answer itself says (%s: %s): what lies beyond is missing here. Ask for shorter times, as causeway collect does", s.name, why.Code, text))
	return nil
}

// rows reads an array of arrays.
func (t *table) rows(d *json.Decoder) error {
	if token, err := d.Token(); err != nil || token != json.Delim('[') {
		return errors.New("the rows are no array")
	}
	var cells []string
	for number := 1; d.More(); number++ {
		var row []any
		if err := d.Decode(&row); err != nil {
			return fmt.Errorf("row %d: %w", number, err)
		}
		cells = cells[:0]
		for _, v := range row {
			cells = append(cells, textOf(v))
		}
		t.row(cells, number)
	}
	_, err := d.Token()
	return err
}

func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	b, _ := json.Marshal(v)
	return string(b)
}
