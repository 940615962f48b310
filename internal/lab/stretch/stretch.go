// Package stretch writes the evidence of a play as if everything in it had happened several times slower.
package stretch

import (
	"strconv"
	"strings"
	"time"
)

// Factor is how many times slower a play is in its evidence. The timers of the lab are 1–3 s, so that a play takes seconds; those of
// production are 10–30 s and more. Azure stamps whole seconds: against a timer of one second they say nothing, against one of ten they
// say as much as they do in production.
const Factor = 10

// Clock places the times of a play in its evidence.
type Clock struct {
	End time.Time // of the play, which stays where it is: no row of the evidence lies in the future
}

// Time is when something that happened at a time happened in the evidence.
func (c Clock) Time(at time.Time) time.Time { return c.End.Add(-Factor * c.End.Sub(at)) }

// Numbers are durations in the evidence, whatever their unit: a number, or a list of them as the access log writes it. Each keeps its
// decimals; what is no number, such as a dash, stays.
func Numbers(list string) string {
	parts := strings.Split(list, ", ")
	for i, text := range parts {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue
		}
		_, decimals, _ := strings.Cut(text, ".")
		parts[i] = strconv.FormatFloat(Factor*v, 'f', len(decimals), 64)
	}
	return strings.Join(parts, ", ")
}
