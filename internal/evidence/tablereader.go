package evidence

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/archive"
	"causeway/internal/evidence/envelope"
	"causeway/internal/evidence/table"
)

// tableReader hands on the rows under a heading. One goroutine reads it: exports of this kind are small.
type tableReader struct {
	r     *reading
	s     *source
	d     accesslog.Decoder
	style *table.Style
	blk   *block
}

func (r *reading) newTableReader(s *source, how *table.Style) *tableReader {
	return &tableReader{r: r, s: s, d: accesslog.Decoder{V1: r.b.Generation()}, style: how, blk: newBlock()}
}

// row hands on one row.
func (t *tableReader) row(cells []string, number int) {
	t.blk.reset()
	var row accesslog.Row
	if at := t.style.Envelope; at >= 0 {
		if at < len(cells) {
			t.envelope(cells[at], number)
		}
		return
	}
	for i, cell := range cells[:min(len(cells), len(t.style.Columns))] {
		c := &t.style.Columns[i]
		if c.Field == accesslog.Inner {
			t.d.Inner(&row, []byte(cell))
			continue
		}
		row.Set(c.Field, []byte(c.Plain(cell)))
	}
	t.blk.row(&t.d, &row, number)
	t.r.deliver(t.s, t.blk)
}

// envelope hands on the records that stand in one cell.
func (t *tableReader) envelope(cell string, number int) {
	found := envelope.RowsIn([]byte(cell))
	if len(found) == 0 {
		t.r.b.skip(t.s.name, number, "the cell that holds a record in other rows holds none")
		t.s.bad++
		return
	}
	for _, text := range found {
		t.blk.text, t.blk.first = append(t.blk.text[:0], text...), number
		t.blk.decode(&t.d)
		t.r.deliver(t.s, t.blk)
		t.blk.reset()
	}
}

// table reads rows under a heading, however they are laid out.
func (r *reading) table(s *source, l *archive.Leaf) error {
	rows, err := table.NewRows(l.Reader)
	if err != nil {
		return err
	}
	first, _, err := rows.Next()
	if err != nil {
		return fmt.Errorf("read the heading: %w", err)
	}
	switch heading := slices.Clone(first); {
	case table.IsMetricHeading(heading):
		return r.metricTable(s, rows, heading)
	case table.IsMetricList(heading):
		return r.metricList(s, rows, heading)
	}
	t := r.newTableReader(s, s.style)
	return r.eachRow(s, rows, t.row)
}

// eachRow calls f with the rows that follow a heading, and the numbers of their lines. A row that cannot be read costs itself.
func (r *reading) eachRow(s *source, rows table.Rows, f func(cells []string, line int)) error {
	for {
		cells, line, err := rows.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case table.IsRowError(err):
			r.b.skip(s.name, line, reasonOf(err))
			s.bad++
		case err != nil:
			return err
		default:
			f(cells, line)
		}
	}
}

// queried reads the answer of a query: tables of columns and rows.
func (r *reading) queried(s *source, in io.Reader) error {
	d := json.NewDecoder(in)
	d.UseNumber()
	var t *tableReader
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
			how := s.style // of the first table, which is the answer; others say how it went
			if !how.Fits(heading) {
				how = table.StyleOf(heading)
				r.b.assumed(s.name, how)
			}
			t = r.newTableReader(s, how)
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
func (t *tableReader) rows(d *json.Decoder) error {
	if token, err := d.Token(); err != nil || token != json.Delim('[') {
		return errors.New("the rows are no array")
	}
	for number := 1; d.More(); number++ {
		var row []any
		if err := d.Decode(&row); err != nil {
			return fmt.Errorf("row %d: %w", number, err)
		}
		t.row(table.TextsOf(row), number)
	}
	_, err := d.Token()
	return err
}
