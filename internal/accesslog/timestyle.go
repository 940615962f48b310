package accesslog

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// TimeStyle is how a table writes its times, where they do not say it themselves. The zero value is UTC, month first.
type TimeStyle struct {
	Zone     *time.Location // nil: UTC
	DayFirst bool           // 13/10/2026, not 10/13/2026
}

// Parse reads a time as Azure and the tools that people pass its logs through write it: RFC 3339 with any fraction, with or
// without a zone; dates of the portal, of Excel and of PowerShell, with a clock of twelve or twenty-four hours, with or
// without seconds; /Date(…)/; Unix time in s, ms, µs or ns; Excel's days since 1899-12-30. A date that does not exist is
// none, and so is a date without a time of day.
func (s TimeStyle) Parse(text []byte) (time.Time, bool) {
	if t, ok := isoTime(text); ok {
		return t, true
	}
	plain := strings.ToLower(strings.TrimSpace(oddSpace.Replace(string(text))))
	if len(plain) > maxTime {
		return time.Time{}, false
	}
	if m := dotNetDate.FindStringSubmatch(plain); m != nil {
		return numberedTime(m[1])
	}
	if t, ok := numberedTime(plain); ok {
		return t, true
	}
	return s.spelled(plain)
}

// Coarse reports whether a time has no seconds, as Excel leaves them out when it saves a table again.
func Coarse(text string) bool {
	m := spelledTime.FindStringSubmatch(dayParts.Replace(strings.ToLower(strings.TrimSpace(oddSpace.Replace(text)))))
	return m != nil && m[clockAt+2] == ""
}

// maxTime is longer than any time that is written out.
const maxTime = 64

// dotNetDate is how Windows PowerShell writes a time into JSON: milliseconds since 1970, in UTC whatever zone follows.
var dotNetDate = regexp.MustCompile(`^\\?/date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?/$`)

// numberedTime reads a time that is a number. How large it is tells its unit: nothing that a gateway logged is of before
// 1973 or after 2286, Excel's numbers of days are far below all others, and .NET's ticks of this century lie between
// microseconds and nanoseconds since 1970. A number that a spreadsheet has rounded (1.79516E+12) is not a time any more.
func numberedTime(text string) (time.Time, bool) {
	if compact, err := time.Parse("20060102150405", text); err == nil {
		return compact, true
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 1e14 {
		switch {
		case n < 1e16:
			return time.UnixMicro(n).UTC(), true
		case n >= ticks2000 && n < ticks2100:
			return time.UnixMicro((n - ticks1970) / 10).UTC(), true
		case n >= 1e18:
			return time.Unix(0, n).UTC(), true
		}
		return time.Time{}, false
	}
	if mantissa, _, rounded := strings.Cut(text, "e"); rounded && len(mantissa) < len("1.795161611") {
		return time.Time{}, false
	}
	n, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	switch {
	case err != nil:
		return time.Time{}, false
	case n >= 20_000 && n < 100_000:
		return time.UnixMilli(int64(math.Round((n - excelEpoch) * 86_400_000))).UTC(), true
	case n >= 1e8 && n < 1e10:
		return time.UnixMicro(int64(math.Round(n * 1e6))).UTC(), true
	case n >= 1e11 && n < 1e13:
		return time.UnixMicro(int64(math.Round(n * 1e3))).UTC(), true
	case n >= 1e14 && n < 1e16:
		return time.UnixMicro(int64(n)).UTC(), true
	}
	return time.Time{}, false
}

// Ticks of .NET: tenths of a microsecond since the year 1.
const (
	ticks1970 = 621_355_968_000_000_000
	ticks2000 = 630_822_816_000_000_000
	ticks2100 = 662_380_416_000_000_000
)

// excelEpoch is 1970-01-01 in Excel's days.
const excelEpoch = 25569

// oddSpace are spaces that stand in times which browsers and Excel wrote, before AM and PM above all.
var oddSpace = strings.NewReplacer("\u202f", " ", "\u00a0", " ", "\u200e", "", "\u200f", "", `\/`, "/")

// dayParts brings what languages call the halves of a day to am and pm.
var dayParts = strings.NewReplacer(
	"a. m.", "am", "p. m.", "pm", "a.m.", "am", "p.m.", "pm", "a.m", "am", "p.m", "pm", "上午", " am ", "下午", " pm ", "午前", " am ",
	"午後", " pm ",
	"오전", " am ", "오후", " pm ", "π.μ.", "am", "μ.μ.", "pm", "πμ", "am", "μμ", "pm", "vorm.", "am", "nachm.", "pm", "年", "-", "月", "-", "日",
	" ",
)

// spelledTime is a date, a clock, and perhaps a zone.
var spelledTime = regexp.MustCompile(`^(?:\p{L}{2,10}\.?,?\s+)?` + // a day of the week
	`(?:(\d{4})([-/.])\s?(\d{1,2})[-/.]\s?(\d{1,2})\.?` + // year first
	`|(\d{1,2})([-/.])\s?(\d{1,2})[-/.]\s?(\d{4}|\d{2})\.?` + // year last
	`|(\d{1,2})\.?[-/ ](\p{L}{3,10})\.?,?[-/ ](\d{4}|\d{2})` + // 20 Nov 2026
	`|(\p{L}{3,10})\.? (\d{1,2}),? (\d{4}))` + // Nov 20, 2026
	`(?:t|:|[,\s]+(?:um |at |@ |à |às |a las |alle |kl\.? )?)\s*(?:(am|pm)\s*)?` +
	`(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,](\d{1,9})\d*)?)?(?:\s*uhr)?\s?(am|pm)?\s?(z|utc|gmt|(?:utc|gmt)?[+-]\d{2}:?\d{2})?$`)

// Where the groups of spelledTime stand.
const (
	yearFirstAt = 1
	yearLastAt  = 5
	dayNameAt   = 9
	nameDayAt   = 12
	clockAt     = 16
)

// spelled reads a time that is written out.
func (s TimeStyle) spelled(text string) (time.Time, bool) {
	m := spelledTime.FindStringSubmatch(dayParts.Replace(text))
	if m == nil {
		return time.Time{}, false
	}
	year, month, day := s.date(m)
	hour, known := hourOf(m[clockAt], m[clockAt-1]+m[clockAt+4])
	minute, second := atoi(m[clockAt+1]), atoi(m[clockAt+2])
	if !known || minute > 59 || second > 59 || !exists(year, month, day) {
		return time.Time{}, false
	}
	nanos := atoi((m[clockAt+3] + "000000000")[:9])
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	if name := strings.TrimLeft(m[clockAt+5], "utcgmz"); name != "" {
		offset, _ := zoneOf([]byte(name[:3] + ":" + name[len(name)-2:]))
		zone = time.FixedZone(name, int(offset/time.Second))
	} else if m[clockAt+5] != "" {
		zone = time.UTC
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nanos, zone).UTC(), true
}

// date is the year, month and day of a match; zeros where a month has no name that is known.
func (s TimeStyle) date(m []string) (year, month, day int) {
	switch {
	case m[yearFirstAt] != "":
		return atoi(m[yearFirstAt]), atoi(m[yearFirstAt+2]), atoi(m[yearFirstAt+3])
	case m[yearLastAt] != "":
		month, day = atoi(m[yearLastAt]), atoi(m[yearLastAt+2])
		if s.DayFirst || m[yearLastAt+1] == "." { // no country writes the month first with dots
			month, day = day, month
		}
		return fullYear(m[yearLastAt+3]), month, day
	case m[dayNameAt] != "":
		return fullYear(m[dayNameAt+2]), monthNamed(m[dayNameAt+1]), atoi(m[dayNameAt])
	}
	return atoi(m[nameDayAt+2]), monthNamed(m[nameDayAt]), atoi(m[nameDayAt+1])
}

// hourOf is an hour of the day, by a clock of twelve hours where there is half.
func hourOf(text, half string) (hour int, ok bool) {
	hour = atoi(text)
	switch {
	case half == "":
		return hour, hour < 24
	case hour > 12: // some programs add PM to a clock of twenty-four hours
		return hour, hour < 24 && half == "pm"
	case half == "am":
		return hour % 12, true
	}
	return hour%12 + 12, half == "pm"
}

func fullYear(text string) int {
	if len(text) == 2 {
		return 2000 + atoi(text)
	}
	return atoi(text)
}

// months are their names in English, German, French, Spanish, Italian and Dutch, as far as three letters tell them apart.
var months = map[string]int{
	"jan": 1, "ene": 1, "gen": 1, "feb": 2, "fév": 2, "fev": 2, "mar": 3, "mär": 3, "mrz": 3, "maa": 3, "mrt": 3, "apr": 4, "avr": 4,
	"abr": 4,
	"may": 5, "mai": 5, "mag": 5, "mei": 5,
	"jun": 6, "giu": 6, "jul": 7, "lug": 7, "aug": 8, "aoû": 8, "ago": 8, "sep": 9, "set": 9, "oct": 10, "okt": 10, "ott": 10, "nov": 11,
	"dec": 12, "dez": 12, "déc": 12, "dic": 12,
}

func monthNamed(name string) int {
	switch {
	case strings.HasPrefix(name, "juin"):
		return 6
	case strings.HasPrefix(name, "juil"):
		return 7
	}
	letters := []rune(name)
	return months[string(letters[:min(3, len(letters))])]
}

// exists reports whether there is such a day.
func exists(year, month, day int) bool {
	return month >= 1 && month <= 12 && day >= 1 && day <= time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// atoi reads digits; none are 0.
func atoi(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
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
