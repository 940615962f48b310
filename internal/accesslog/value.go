package accesslog

import (
	"math"
	"strconv"
	"time"
)

// integerOf reads a whole number, also where it is written with a fraction (AzureDiagnostics has only reals); 0 if it is
// none.
func integerOf(text []byte) int64 {
	n, at, negative := int64(0), 0, false
	if len(text) > 0 && text[0] == '-' {
		at, negative = 1, true
	}
	begin := at
	for ; at < len(text) && text[at] >= '0' && text[at] <= '9'; at++ {
		if n > (math.MaxInt64-9)/10 {
			return 0
		}
		n = n*10 + int64(text[at]-'0')
	}
	switch {
	case at == begin:
		return 0
	case at < len(text):
		f, err := strconv.ParseFloat(string(text), 64)
		if err != nil || math.Abs(f) >= math.MaxInt64 {
			return 0
		}
		return int64(f)
	case negative:
		return -n
	}
	return n
}

// maxSeconds bounds what is believed of a duration: thirty years.
const maxSeconds = 1e9

// secondsOf reads a time in seconds, to the microsecond; Unset if the text is not a number.
func secondsOf(text []byte) time.Duration {
	micros, digits, point := int64(0), 0, -1
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9' && digits < 15:
			if point >= 0 && i-point > 6 {
				return slowSeconds(text)
			}
			micros = micros*10 + int64(c-'0')
			digits++
		case c == '.' && point < 0:
			point = i
		default:
			return slowSeconds(text)
		}
	}
	if digits == 0 {
		return Unset
	}
	places := 0
	if point >= 0 {
		places = len(text) - point - 1
	}
	for ; places < 6; places++ {
		if micros > math.MaxInt64/10 {
			return Unset
		}
		micros *= 10
	}
	if micros > maxSeconds*1e6 {
		return Unset
	}
	return time.Duration(micros) * time.Microsecond
}

func slowSeconds(text []byte) time.Duration {
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(n >= 0 && n <= maxSeconds) {
		return Unset
	}
	// Whole microseconds: that is what records hold, and binary fractions would lose one.
	return time.Duration(math.Round(n*1e6)) * time.Microsecond
}

// millisecondsOf reads a time of the first generation.
func millisecondsOf(text []byte) time.Duration {
	n := integerOf(text)
	if n < 0 || n > maxSeconds*1000 {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// ParseTime reads a time as Azure and its tools write it; where it does not say, it is UTC, month first.
func ParseTime(text []byte) (time.Time, bool) { return TimeStyle{}.Parse(text) }

// isoTime reads 2006-01-02T15:04:05, a fraction and Z or ±hh:mm, which is what all but a few rows have.
func isoTime(b []byte) (time.Time, bool) {
	if len(b) < 20 || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return time.Time{}, false
	}
	year, ok0 := digitsOf(b[0:4])
	month, ok1 := digitsOf(b[5:7])
	day, ok2 := digitsOf(b[8:10])
	hour, ok3 := digitsOf(b[11:13])
	minute, ok4 := digitsOf(b[14:16])
	second, ok5 := digitsOf(b[17:19])
	if !(ok0 && ok1 && ok2 && ok3 && ok4 && ok5) || !isDay(year, month, day) || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	nanos, at := 0, 19
	if b[at] == '.' || b[at] == ',' {
		scale := 100_000_000
		for at++; at < len(b) && b[at] >= '0' && b[at] <= '9'; at++ {
			nanos += int(b[at]-'0') * scale
			scale /= 10
		}
	}
	offset, ok := zoneOf(b[at:])
	if !ok {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC).Add(-offset), true
}

// isDay is exists, at no cost for most days.
func isDay(year, month, day int) bool {
	return month >= 1 && month <= 12 && day >= 1 && (day <= 28 || exists(year, month, day))
}

func digitsOf(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func zoneOf(b []byte) (time.Duration, bool) {
	if len(b) == 1 && (b[0] == 'Z' || b[0] == 'z') {
		return 0, true
	}
	if len(b) != 6 || b[0] != '+' && b[0] != '-' || b[3] != ':' {
		return 0, false
	}
	h, ok1 := digitsOf(b[1:3])
	m, ok2 := digitsOf(b[4:6])
	offset := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if b[0] == '-' {
		offset = -offset
	}
	return offset, ok1 && ok2
}

func realOf(text []byte) float64 {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}
