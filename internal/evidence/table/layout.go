package table

import (
	"bytes"
	"encoding/csv"
	"regexp"
	"strings"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/envelope"
)

// layout is how a table is laid out: what stands before its heading, and what keeps its cells apart.
type layout struct {
	marks  marks
	comma  rune // of separated
	before int  // lines before the heading
}

// marks are what tells cells apart.
type marks uint8

const (
	separated marks = iota + 1 // a character between them, and quotes: CSV and its like
	ruled                      // bars, as in Markdown and in what database shells print
	aligned                    // blanks, perhaps with dashes under the heading, as az and PowerShell print
	listed                     // a line for each, as Format-List prints
	objects                    // JSON objects whose names are not those of the log
)

// maxBefore is how many lines may stand before a heading: titles, sep=, #TYPE, the text of a ticket.
const maxBefore = 40

// layoutOf finds the heading of a table near the beginning of a text, and how its cells are kept apart.
func layoutOf(text []byte) (layout, bool) {
	for before := 0; before <= maxBefore && len(text) > 0; before++ {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		if len(line) <= 16<<10 {
			if found, ok := headingAt(string(bytes.TrimRight(line, "\r")), rest, text); ok {
				found.before = before
				return found, true
			}
		}
		text = rest
	}
	return layout{}, false
}

// HasHeading reports whether a table begins near the beginning of a text.
func HasHeading(text []byte) bool {
	_, ok := layoutOf(text)
	return ok
}

// headingAt reports whether a line is the heading of a table, given what follows it and the text from it on.
func headingAt(line string, rest, text []byte) (layout, bool) {
	second, _, _ := bytes.Cut(rest, []byte("\n"))
	switch {
	case strings.TrimSpace(line) == "":
		return layout{}, false
	case isRuled(line, string(second)):
		return layout{marks: ruled}, isHeading(ruledCells(line))
	case isDashes(string(second)):
		return layout{marks: aligned}, isHeading(gap.Split(strings.TrimSpace(line), -1)) || isHeading(strings.Fields(line))
	case isListed(text):
		return layout{marks: listed}, true
	}
	for _, comma := range []rune{',', ';', '\t', '|'} {
		names := separatedCells(line, comma)
		if len(names) > 1 && (isHeading(names) || holdsEnvelope(names, rest, comma)) {
			return layout{marks: separated, comma: comma}, true
		}
	}
	return layout{marks: aligned}, isHeading(gap.Split(strings.TrimSpace(line), -1))
}

// separatedCells are the cells of one line.
func separatedCells(line string, comma rune) []string {
	c := csv.NewReader(strings.NewReader(line))
	c.Comma, c.LazyQuotes, c.FieldsPerRecord = comma, true, -1
	cells, err := c.Read()
	if err != nil {
		return nil
	}
	return cells
}

// isHeading reports whether cells are the names of columns of something that is read.
func isHeading(names []string) bool {
	return KnownNames(names) || IsMetricHeading(names) || IsMetricList(names) || IsHealthHeading(names) || isSummary(names)
}

// KnownNames reports whether enough of some names are fields of a log.
func KnownNames(names []string) bool {
	n := 0
	for _, name := range names {
		if field, _ := columnOf(name); field > accesslog.Own {
			n++
		}
	}
	return n >= 3
}

// holdsEnvelope reports whether the first row of a table holds a record of a log in one cell, as log stores export it.
func holdsEnvelope(names []string, rest []byte, comma rune) bool {
	if !bytes.Contains(rest[:min(len(rest), envelope.LineMax)], []byte("{")) {
		return false
	}
	c := csv.NewReader(bytes.NewReader(rest))
	c.Comma, c.LazyQuotes, c.FieldsPerRecord = comma, true, -1
	cells, err := c.Read()
	return err == nil && len(cells) <= len(names) && EnvelopeIn(cells) >= 0
}

// EnvelopeIn is the number of the cell that holds a record; negative if none does.
func EnvelopeIn(cells []string) int {
	for i, cell := range cells {
		if envelope.HoldsRows([]byte(cell)) {
			return i
		}
	}
	return -1
}

// rule is a line that only draws: under a heading, above it, at the end.
var rule = regexp.MustCompile(`^[\s|+:=\-│├┼┤┌┬┐└┴┘─]+$`)

// isRuled reports whether a line is the heading of a table with bars: a rule follows, or it begins with a bar.
func isRuled(line, second string) bool {
	line = strings.TrimSpace(line)
	if !strings.ContainsAny(line, "|│") || rule.MatchString(line) {
		return false
	}
	return strings.HasPrefix(line, "|") || strings.HasPrefix(line, "│") || len(second) > 2 && rule.MatchString(second)
}

// ruledCells cuts a line at its bars. A bar after a backslash is part of a cell.
func ruledCells(line string) []string {
	const inside = "\x00"
	line = strings.ReplaceAll(strings.TrimSpace(line), `\|`, inside)
	line = strings.ReplaceAll(line, "│", "|")
	line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	cells := strings.Split(line, "|")
	for i := range cells {
		cells[i] = strings.Trim(strings.ReplaceAll(strings.TrimSpace(cells[i]), inside, "|"), "`")
	}
	return cells
}

// isDashes reports whether a line is the dashes under a heading.
func isDashes(line string) bool {
	line = strings.TrimSpace(line)
	return len(line) > 3 && strings.Trim(line, "- ") == ""
}

// listedLine is a name, padded, and its value.
var listedLine = regexp.MustCompile(`^([A-Za-z_][\w .()\[\]-]*?)\s*: ?(.*)$`)

// isListed reports whether a text begins with a list of names and values of a log, a line each.
func isListed(text []byte) bool {
	var names []string
	for line := range bytes.Lines(text) {
		m := listedLine.FindSubmatch(bytes.TrimRight(line, "\r\n"))
		if m == nil || len(names) > 60 {
			break
		}
		names = append(names, string(m[1]))
	}
	return len(names) >= 3 && (KnownNames(names) || isSummary(names))
}
