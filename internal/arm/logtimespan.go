package arm

import (
	"regexp"
	"strconv"
	"time"
)

var spanPattern = regexp.MustCompile(`^P(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,7})S)?)?$`)

// spanOf reads a duration of ISO 8601 without years and months, such as P1DT12H.
func spanOf(text string) (d time.Duration, ok bool) {
	m := spanPattern.FindStringSubmatch(text)
	if m == nil || text == "P" || text[len(text)-1] == 'T' {
		return 0, false
	}
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(m[i+1]) // digits, or nothing
		d += time.Duration(n) * unit
	}
	return d, true
}
