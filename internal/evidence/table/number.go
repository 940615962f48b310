package table

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A number in a table may have been through a spreadsheet: with a comma before its decimals, with marks between its
// thousands, with a unit behind it. One column is written in one way, so the cells that can be read in one way only decide
// for the others.

// numberCell is a number with whatever marks it has, and its unit.
var numberCell = regexp.MustCompile(`^([+-]?[\d.,' ]*\d(?:[eE][+-]?\d+)?)\s*(\p{L}*)\.?$`)

// decimals say what a cell shows of how its column writes decimals.
type decimals uint8

const (
	showsNothing decimals = iota
	mayBeDot              // 30.004: a point with three digits behind it may also mark thousands
	mayBeComma            // 30,004
	isDot                 // 0.19
	isComma               // 0,19
)

// decimalsIn is what one cell shows.
func decimalsIn(cell string) decimals {
	m := numberCell.FindStringSubmatch(spaces.Replace(cell))
	if m == nil {
		return showsNothing
	}
	number := strings.TrimLeft(m[1], "+-")
	comma, dot := strings.LastIndexByte(number, ','), strings.LastIndexByte(number, '.')
	switch {
	case comma < 0 && dot < 0:
		return showsNothing
	case comma >= 0 && dot >= 0 && comma > dot && strings.Count(number, ",") == 1:
		return isComma
	case comma >= 0 && dot >= 0 && strings.Count(number, ".") == 1:
		return isDot
	case comma >= 0 && dot >= 0:
		return showsNothing
	case comma >= 0:
		return oneMark(number, ",", mayBeComma, isComma, isDot)
	}
	return oneMark(number, ".", mayBeDot, isDot, isComma)
}

// oneMark judges a number with marks of one kind: one that cannot be before thousands is before decimals, and several are
// before thousands.
func oneMark(number, mark string, maybe, sure, other decimals) decimals {
	before, after, _ := strings.Cut(number, mark)
	switch {
	case strings.Contains(after, mark):
		return other
	case len(after) != 3 || before == "0" || before == "" || len(before) > 3:
		return sure
	}
	return maybe
}

// spaces are the kinds of blanks that mark thousands, and marks of other scripts.
var spaces = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ", "’", "'")

// withoutMarks takes the marks of thousands out of a number, by the one that it has besides blanks and apostrophes.
var withoutMarks = map[string]*strings.Replacer{
	",": strings.NewReplacer(",", "", " ", "", "'", ""),
	".": strings.NewReplacer(".", "", " ", "", "'", ""),
}

// plainNumber writes a number as the log does: digits, and a point before decimals. whole numbers have none, so that a mark
// before three digits is one of thousands. unit is empty where the cell has none.
func plainNumber(cell string, commas, whole bool) (number, unit string, ok bool) {
	m := numberCell.FindStringSubmatch(spaces.Replace(strings.TrimSpace(cell)))
	if m == nil {
		return "", "", false
	}
	number, unit = m[1], strings.ToLower(m[2])
	decimal, thousands := ".", ","
	if commas {
		decimal, thousands = ",", "."
	}
	if whole && grouped.MatchString(number) {
		return onlyDigits.ReplaceAllString(number, ""), unit, true
	}
	front, back, _ := strings.Cut(number, decimal)
	if strings.ContainsAny(front, thousands+" '") &&
		!(grouped.MatchString(front) && (back != "" || whole || strings.ContainsAny(front, " '"))) || strings.ContainsAny(back, ",.' ") {
		return "", "", false
	}
	number = withoutMarks[thousands].Replace(front)
	if back != "" {
		number += "." + back
	}
	return number, unit, true
}

var (
	grouped    = regexp.MustCompile(`^[+-]?\d{1,3}(?:,\d{3})+$|^[+-]?\d{1,2}(?:,\d{2})+,\d{3}$|^[+-]?\d{1,3}(?:\.\d{3})+$|^[+-]?\d{1,3}(?: \d{3})+$|^[+-]?\d{1,3}(?:'\d{3})+$`)
	onlyDigits = regexp.MustCompile(`[,. ']`)
)

// seconds writes a time as the log does, in seconds, out of a cell that may hold one for each attempt. A cell that is
// not a number stays unchanged, and counts as unreadable.
func (c *Column) seconds(cell string) string {
	if strings.Contains(cell, " : ") || strings.Contains(cell, ", ") {
		parts := attempts.Split(cell, -1)
		for i := range parts {
			parts[i] = c.seconds(parts[i])
		}
		return strings.Join(parts, ", ")
	}
	number, unit, ok := plainNumber(cell, c.commas, c.grouped)
	if !ok {
		return cell
	}
	scale := c.unit
	if unit != "" {
		if scale = units[unit]; scale == 0 {
			return cell
		}
	}
	if scale == 0 || scale == time.Second {
		return number
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return cell
	}
	return strconv.FormatFloat(n*scale.Seconds(), 'f', -1, 64)
}

// attempts are cut where the log itself sets them apart.
var attempts = regexp.MustCompile(` : |, `)

// Plain is a cell as the log has it.
func (c *Column) Plain(cell string) string {
	switch {
	case c.Times != nil:
		at, ok := c.Times.Parse([]byte(cell))
		if !ok {
			return cell
		}
		return at.Format(time.RFC3339Nano)
	case slices.Contains(durations, c.Field):
		return c.seconds(cell)
	case slices.Contains(wholes, c.Field), slices.Contains(reals, c.Field):
		if number, unit, ok := plainNumber(cell, c.commas, slices.Contains(wholes, c.Field)); ok && unit == "" {
			return number
		}
	}
	return cell
}

// Real is the number in a cell; NaN if it is none.
func (c *Column) Real(cell string) float64 {
	number, _, ok := plainNumber(cell, c.commas, false)
	v, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil {
		return math.NaN()
	}
	return v
}
