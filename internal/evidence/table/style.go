package table

import (
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/accesslog"
)

// Style is how a table writes what it holds. Only the exporter knows its zone, whether the day or the month comes
// first, and what stands before decimals, so the heading is asked, and then the cells: those that can be read in one way
// only decide for all of their kind. The survey runs before any row is read, so that it serves the first row too.
type Style struct {
	Columns  []Column
	Envelope int      // the column that holds whole records; negative if there is none
	Notes    []string // what had to be assumed
}

// StyleOf is what a heading tells.
func StyleOf(heading []string) *Style {
	s := &Style{Envelope: -1}
	for i, text := range heading {
		c := Column{name: strings.TrimSpace(text)}
		c.Field, c.unit = columnOf(text)
		if c.Field == accesslog.Time || c.Field == accesslog.Generated || i == 0 && IsMetricHeading(heading) {
			zone, known := accesslog.ZoneOf(text)
			if !known {
				s.note("%s does not say of which zone its times are: they are taken as UTC. If they are not, set the portal to UTC and export it again",
					text)
			}
			c.Times = &accesslog.TimeStyle{Zone: zone}
		}
		s.Columns = append(s.Columns, c)
	}
	return s
}

func (s *Style) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// Fits reports whether a style is of a table with this heading.
func (s *Style) Fits(heading []string) bool {
	return slices.EqualFunc(s.Columns, heading, func(c Column, name string) bool { return c.name == strings.TrimSpace(name) })
}

// Survey looks through the rows of a table for what its heading does not tell, and stops as soon as it knows. The error says why
// no row of the table can be read.
func Survey(rows Rows) (*Style, error) {
	first, _, err := rows.Next()
	if err != nil {
		return &Style{Envelope: -1}, nil // reading the rows meets it again
	}
	heading := slices.Clone(first)
	look := &look{style: StyleOf(heading)}
	look.run(rows)
	if why := cannotBeRows(heading); why != "" && look.style.Envelope < 0 && !IsMetricHeading(heading) && !IsMetricList(heading) {
		return look.style, errors.New(why)
	}
	look.settle(heading)
	return look.style, nil
}

// look is one look through a table.
type look struct {
	style    *Style
	rows     int
	day      decided
	numbers  []decimals // of each column
	large    []bool     // of each column: it holds whole numbers above 99 without a mark
	fraction []bool     // of each column with a unit: it holds parts of the unit that the gateway does not measure
	coarse   bool       // times have no seconds
}

// decided is which comes first in dates, the day or the month.
type decided struct {
	known    bool
	dayFirst bool
	example  string // of a date that may be read both ways
	dashed   bool   // it is written with dashes
	written  bool   // the column has dates in which it matters
}

func (k *look) run(rows Rows) {
	n := len(k.style.Columns)
	k.numbers, k.fraction, k.large = make([]decimals, n), make([]bool, n), make([]bool, n)
	for {
		row, _, err := rows.Next()
		if err == io.EOF { //nolint:errorlint // readers return it bare
			return
		}
		if err != nil {
			if IsRowError(err) {
				continue
			}
			return
		}
		k.row(row)
		if k.enough() {
			return
		}
	}
}

// row learns from one row.
func (k *look) row(row []string) {
	if k.rows++; k.rows == 1 {
		k.style.Envelope = EnvelopeIn(row)
	}
	for i, cell := range row[:min(len(row), len(k.style.Columns))] {
		c := &k.style.Columns[i]
		switch {
		case c.Times != nil:
			k.coarse = k.coarse || k.rows == 1 && accesslog.Coarse(cell)
			k.day.learn(cell)
		case slices.Contains(durations, c.Field), slices.Contains(reals, c.Field), c.Field == accesslog.Ignored && i > 0 && len(cell) < 32:
			k.numbers[i] = max(k.numbers[i], decimalsIn(cell))
			k.large[i] = k.large[i] || largeWhole.MatchString(cell)
			if c.unit > 0 && c.unit < time.Second && !k.fraction[i] {
				k.fraction[i] = isFraction(cell)
			}
		}
	}
}

// enough reports whether no further row can change what is known.
func (k *look) enough() bool {
	if k.day.written && !k.day.known {
		return false
	}
	for i := range k.style.Columns {
		c := &k.style.Columns[i]
		if !slices.Contains(durations, c.Field) {
			continue
		}
		doubtful := k.numbers[i] == mayBeDot || k.numbers[i] == mayBeComma
		open := k.numbers[i] == showsNothing || c.unit > 0 && c.unit < time.Second && !k.fraction[i]
		if doubtful || open && k.rows < surveyed {
			return false
		}
	}
	return true
}

// surveyed is how many rows are looked at for what may never come, such as a decimal in a column of whole numbers.
const surveyed = 10_000

// largeWhole is a whole number above 99 without marks: hardly any request takes so many seconds without a part of one.
var largeWhole = regexp.MustCompile(`^\s*\d{3,}\s*$`)

// isFraction reports whether a number has a part after its point that is more than an error of rounding.
func isFraction(cell string) bool {
	number, _, ok := plainNumber(cell, decimalsIn(cell) == isComma || decimalsIn(cell) == mayBeComma, false)
	n, err := strconv.ParseFloat(number, 64)
	return ok && err == nil && math.Abs(n-math.Round(n)) > 1e-6
}

// learn takes in one time.
func (d *decided) learn(cell string) {
	m := numberedDate.FindStringSubmatch(cell)
	if m == nil || d.known {
		return
	}
	first, _ := strconv.Atoi(m[2])
	second, _ := strconv.Atoi(m[4])
	d.written = true
	switch {
	case first > 12:
		d.known, d.dayFirst = true, true
	case second > 12:
		d.known = true
	case first != second && d.example == "":
		d.example, d.dashed = m[1], m[3] == "-"
	}
}

// settle draws the conclusions, and notes those that are assumptions.
func (k *look) settle(heading []string) {
	if !k.day.known && k.day.example != "" {
		k.day.dayFirst = k.day.dashed // where dates have dashes and end with the year, the day comes first nearly everywhere
		first := "month"
		if k.day.dayFirst {
			first = "day"
		}
		k.style.note("its dates do not show whether the month or the day comes first; reading them %s first, as in %s", first,
			k.day.example)
	}
	if k.coarse {
		k.style.note("its times have no seconds, as when Excel saves a table again: they cannot show idle times, or the order of requests within a minute. Give the original export")
	}
	all := showsNothing
	for _, n := range k.numbers {
		all = max(all, n)
	}
	for i := range k.style.Columns {
		c := &k.style.Columns[i]
		if c.Times != nil {
			c.Times.DayFirst = k.day.dayFirst
		}
		shown := k.numbers[i]
		if shown == showsNothing {
			shown = all
		}
		c.commas = shown == isComma || shown == mayBeComma
		c.grouped = (shown == mayBeComma || shown == mayBeDot) && k.large[i]
		if k.fraction[i] {
			c.unit = time.Second
			k.style.note("%s is read in seconds: it holds parts of a millisecond, which the gateway does not measure, so the log's seconds were renamed and not converted. Keep the name TimeTaken", c.name)
		}
	}
	if k.style.Envelope < 0 && has(heading, accesslog.Status) && !has(heading, accesslog.Taken, accesslog.SessionTime, accesslog.Inner) {
		k.style.note("its rows have no TimeTaken, so they cannot show how long requests took")
	}
	if missing := renamed(heading); missing != "" && !IsMetricHeading(heading) && !IsMetricList(heading) && k.style.Envelope < 0 {
		k.style.note("ignored columns that do not have the log's names: %s. Query the rows with their original names: %s", missing,
			rowQuery(heading))
	}
}
