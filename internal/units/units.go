// Package units writes quantities the way reports show them.
package units

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// GoDuration writes a duration as Go's flags take it, such as 1m30s.
func GoDuration(d time.Duration) string { return d.String() }

// Figure writes a large number as people say it.
func Figure(v float64) string {
	switch {
	case v >= 1e6:
		return Decimal(v/1e6, 1) + " million"
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v < 1:
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	return Decimal(v, 1)
}

// Seconds writes a duration as people say it: three digits at most, in seconds or milliseconds.
func Seconds(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return Decimal(d.Seconds(), 1) + " s"
	case d >= time.Second:
		return Decimal(d.Seconds(), 2) + " s"
	}
	return Decimal(float64(d.Microseconds())/1000, 1) + " ms"
}

// Span writes the least and the most of sorted durations; one, if they read the same.
func Span(sorted []time.Duration) string {
	least, most := Seconds(sorted[0]), Seconds(sorted[len(sorted)-1])
	if least == most {
		return least
	}
	return least + " to " + most
}

// Decimal writes a number with at most so many decimals, without trailing zeros.
func Decimal(x float64, digits int) string {
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if digits == 0 {
		return s // its zeros are not decimals
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// Count writes a number with its noun.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// Percent writes a share with three significant places at most; it is 0 % of nothing.
func Percent(part, whole int) string {
	if whole == 0 || part == 0 {
		return "0 %"
	}
	p := 100 * float64(part) / float64(whole)
	switch {
	case p >= 10:
		return fmt.Sprintf("%.0f %%", p)
	case p >= 0.1:
		return fmt.Sprintf("%.1f %%", p)
	}
	return fmt.Sprintf("%.3f %%", p)
}

// Bytes is a number of bytes as people say it.
func Bytes(n int64) string { return Figure(float64(n)) + " bytes" }

// Some lists the first few of many.
func Some(all []string) string {
	const few = 3
	if len(all) > few {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:few], ", "), len(all)-few)
	}
	return strings.Join(all, ", ")
}

// Dash is s, or a dash if it is empty.
func Dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Stamp writes a time in UTC to the millisecond, as RFC 3339.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Or is s, or word if s is empty.
func Or(s, word string) string {
	if s == "" {
		return word
	}
	return s
}
