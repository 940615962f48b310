package accesslog

import (
	"strings"
	"time"
)

// TimeStyle is how a table writes its times, where they do not say it themselves. The zero value is UTC, month first.
type TimeStyle struct {
	Zone     *time.Location // nil: UTC
	DayFirst bool           // 13/10/2026, not 10/13/2026
}

// Parse reads a time as Azure and its tools write it: RFC 3339 with any fraction, with or without a zone, or the portal's
// dates with slashes and a clock of twelve or twenty-four hours.
func (s TimeStyle) Parse(text []byte) (time.Time, bool) {
	if t, ok := isoTime(text); ok {
		return t, true
	}
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	plain := strings.ToUpper(strings.TrimSpace(narrowSpace.Replace(string(text))))
	for _, layout := range timeLayouts {
		if s.DayFirst {
			layout = strings.Replace(layout, "1/2/2006", "2/1/2006", 1)
		}
		if t, err := time.ParseInLocation(layout, plain, zone); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// narrowSpace stands before AM and PM where a newer browser wrote the time.
var narrowSpace = strings.NewReplacer("\u202f", " ")

// A fraction of a second is read where the layout has none.
var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05",
	"1/2/2006, 3:04:05 PM", "1/2/2006 3:04:05 PM", "1/2/2006 3:04:05 PM -07:00", "1/2/2006 15:04:05", "1/2/2006, 15:04:05", "1/2/2006 15:04:05 -07:00",
}

// ZoneOf reads the zone that a heading of the portal names in brackets: TimeGenerated [UTC-08:00]. known is false where
// there are brackets that name none, as in [Local Time].
func ZoneOf(heading string) (zone *time.Location, known bool) {
	_, name, found := strings.Cut(heading, "[")
	if !found {
		return time.UTC, true
	}
	name, _, _ = strings.Cut(name, "]")
	name = strings.ToUpper(strings.TrimSpace(name))
	if name == "UTC" {
		return time.UTC, true
	}
	t, err := time.Parse("UTC-07:00", name)
	if err != nil {
		return time.UTC, false
	}
	_, offset := t.Zone()
	return time.FixedZone(name, offset), true
}
