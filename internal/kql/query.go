// Package kql reads the part of the Kusto query language that tools use to fetch rows of a gateway's logs: a table, conditions that
// are joined by and, an order, and a number of rows. It reads nothing beyond that, and says what it does not read.
package kql

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Query asks a table for rows.
type Query struct {
	Table string
	Where []Condition // all hold
	Order Order       // by TimeGenerated
	Take  int         // rows at most; below 0: all
	Count bool        // the number of rows instead of them
}

// TimeColumn is the column that holds times, the only one that is ordered and compared by them.
const TimeColumn = "TimeGenerated"

// Order is a direction.
type Order int

// The orders. Without a direction the newest rows come first, as in the language.
const (
	Unordered Order = iota
	Ascending
	Descending
)

// Condition compares a column with a text or a number, or TimeColumn with a time.
type Condition struct {
	Column  string
	Op      string // a text: ==, =~ or contains, which ignore case but for ==; a number: ==, <, <=, > or >=; a time: <, <=, > or >=
	Text    string
	Number  int
	Numeric bool // Number is meant, not Text
	Time    time.Time
}

// Error is a part of a query that is not understood.
type Error struct {
	Part string // as the query has it; empty: its end
	Want string // what could stand there
}

func (e *Error) Error() string {
	if e.Part == "" {
		return fmt.Sprintf("the query ends too early: expected %s", e.Want)
	}
	return fmt.Sprintf("cannot read %q: expected %s", e.Part, e.Want)
}

// QueryMax is how many bytes a query may have.
const QueryMax = 16 << 10

// Parse reads a query. Times that are relative count from now. The error is an *Error.
func Parse(text string, now time.Time) (*Query, error) {
	if len(text) > QueryMax {
		return nil, &Error{text[:20] + "…", fmt.Sprintf("a query of at most %d bytes", QueryMax)}
	}
	p := &parser{text: text, now: now}
	p.next()
	q := &Query{Take: -1}
	q.Table = p.word("a table")
	last := 0
	for p.err == nil && p.token != "" {
		p.expect("|")
		last = p.stage(q, last)
	}
	if p.err != nil {
		return nil, p.err
	}
	return q, nil
}

// stages are the operators, with the place that each has among the others: they mean something else in another order.
var stages = map[string]int{"where": 1, "order": 2, "sort": 2, "take": 3, "limit": 3, "count": 4}

const knownStages = "where, order by, take or count, in this order"

// stage reads one operator. last is the place of the one before.
func (p *parser) stage(q *Query, last int) int {
	name := p.token
	place := stages[name]
	if place == 0 || place < last || place == last && name != "where" {
		p.fail(knownStages)
		return 0
	}
	p.next()
	switch place {
	case 1:
		p.conditions(q)
	case 2:
		p.order(q)
	case 3:
		q.Take = p.number("a number of rows")
	case 4:
		q.Count = true
	}
	return place
}

func (p *parser) conditions(q *Query) {
	q.Where = append(q.Where, p.condition())
	for p.err == nil && p.token == "and" {
		p.next()
		q.Where = append(q.Where, p.condition())
	}
	if p.err == nil && p.token != "" && p.token != "|" {
		p.fail(`"and" or "|"`)
	}
}

func (p *parser) condition() (c Condition) {
	c.Column = p.word("a column")
	c.Op = p.token
	if c.Column == TimeColumn {
		if p.oneOf("<, <=, > or >=", "<", "<=", ">", ">=") {
			c.Time = p.time()
		}
		return c
	}
	if !p.oneOf("==, =~, contains, <, <=, > or >=", "==", "=~", "contains", "<", "<=", ">", ">=") {
		return c
	}
	isText := c.Op == "=~" || c.Op == "contains"
	c.Numeric = strings.ContainsAny(c.Op, "<>") || !isText && p.token != "" && p.token[0] >= '0' && p.token[0] <= '9'
	if c.Numeric {
		c.Number = p.number("a whole number")
	} else {
		c.Text = p.literal()
	}
	return c
}

func (p *parser) order(q *Query) {
	if !p.oneOf("by", "by") || !p.oneOf(TimeColumn, TimeColumn) {
		return
	}
	q.Order = Descending
	switch p.token {
	case "asc":
		q.Order = Ascending
		p.next()
	case "desc":
		p.next()
	}
	if p.err == nil && p.token != "" && p.token != "|" {
		p.fail("asc or desc")
	}
}

// time reads datetime(…), ago(…) or now().
func (p *parser) time() time.Time {
	const want = "datetime(…), ago(…) or now()"
	function := p.token
	if !p.oneOf(want, "datetime", "ago", "now") {
		return time.Time{}
	}
	argument := p.parenthesis()
	switch function {
	case "datetime":
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02"} {
			if at, err := time.Parse(layout, argument); err == nil {
				return at
			}
		}
	case "ago":
		if span, ok := timespan(argument); ok {
			return p.now.Add(-span)
		}
	case "now":
		if argument == "" {
			return p.now
		}
	}
	if p.err == nil {
		p.err = &Error{function + "(" + argument + ")", want}
	}
	return time.Time{}
}

// timespan reads 30s, 5m, 1h or 7d.
func timespan(text string) (time.Duration, bool) {
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	if text == "" {
		return 0, false
	}
	unit := units[text[len(text)-1:]]
	n, err := strconv.Atoi(text[:len(text)-1])
	const longest = 10000 // of each unit: far beyond any log, and no overflow
	return time.Duration(n) * unit, err == nil && unit > 0 && n >= 0 && n <= longest
}
