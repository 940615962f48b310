package expr

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// These compute with points in time:
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-date.

// layouts of ISO 8601, as utcNow() and parameters write it.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04Z07:00",
	"20060102T150405Z",
	"2006-01-02",
}

// timeOf reads a time of ISO 8601, UTC where it names no zone, and the layout that it has.
func timeOf(v any) (t time.Time, layout string, err error) {
	s, _ := v.(string)
	for _, layout := range layouts {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t, layout, nil
		}
	}
	return t, "", Wrong("write it as 2026-04-01T12:00:00Z", "%s is not a time", Quote(TextOf(v)))
}

// DateTimeFromEpoch is the time of a number of seconds since 1970.
func DateTimeFromEpoch(args []any) (any, error) {
	n, ok := AsInteger(args[0])
	if t := time.Unix(n, 0).UTC(); ok && t.Year() >= 1 && t.Year() <= 9999 {
		return t.Format(time.RFC3339), nil
	}
	return nil, Wrong("give seconds since 1970", "%s is not a number of seconds in the years 1 to 9999", Quote(TextOf(args[0])))
}

// DateTimeToEpoch is the number of seconds since 1970 of a time.
func DateTimeToEpoch(args []any) (any, error) {
	t, _, err := timeOf(args[0])
	if err != nil {
		return nil, err
	}
	return Number(t.Unix()), nil
}

// duration is one of ISO 8601: P1Y2M3W4DT5H6M7.5S, also with a sign. No part is longer than time.Duration can be.
var duration = regexp.MustCompile(`^([+-])?P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})W)?(?:(\d{1,7})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?$`)

// DateTimeAdd is dateTimeAdd(TIME, DURATION[, FORMAT]); without a format the result is written as the time was.
func DateTimeAdd(args []any) (any, error) {
	t, layout, err := timeOf(args[0])
	if err != nil {
		return nil, err
	}
	s, _ := args[1].(string)
	m := duration.FindStringSubmatch(s)
	if m == nil || strings.HasSuffix(s, "P") || strings.HasSuffix(s, "T") {
		return nil, Wrong("write a duration of ISO 8601, such as P1Y or -PT90M", "%s is not a duration", Quote(TextOf(args[1])))
	}
	sign := 1
	if m[1] == "-" {
		sign = -1
	}
	part := func(i int) int { n, _ := strconv.Atoi(m[i]); return sign * n }
	t = t.AddDate(part(2), part(3), 7*part(4)+part(5)).
		Add(time.Duration(part(6)) * time.Hour).Add(time.Duration(part(7)) * time.Minute).Add(time.Duration(part(8)) * time.Second)
	if t.Year() < 1 || t.Year() > 9999 {
		return nil, Wrong("add less", "the result is not in the years 1 to 9999")
	}
	if len(args) == 3 {
		return FormatTime(t, TextOf(args[2])), nil
	}
	return t.Format(layout), nil
}

// FormatTime writes a time in UTC. It knows the standard formats of .NET that are a form of ISO 8601, and custom ones made of
// years to seconds.
func FormatTime(t time.Time, format string) string {
	switch t = t.UTC(); format {
	case "u":
		return t.Format("2006-01-02 15:04:05Z")
	case "s":
		return t.Format("2006-01-02T15:04:05")
	case "o", "O":
		return t.Format("2006-01-02T15:04:05.0000000Z")
	case "d":
		return t.Format("01/02/2006")
	case "r", "R":
		return t.Format("Mon, 02 Jan 2006 15:04:05 GMT")
	}
	return t.Format(netLayout.Replace(format))
}

var netLayout = strings.NewReplacer("yyyy", "2006", "yy", "06", "MMMM", "January", "MMM", "Jan", "MM", "01", "M", "1", "dddd", "Monday",
	"ddd", "Mon", "dd", "02", "d", "2", "HH", "15", "hh", "03", "h", "3", "mm", "04", "m", "4", "ss", "05", "s", "5", "tt", "PM", "'", "")
