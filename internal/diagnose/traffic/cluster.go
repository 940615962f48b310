package traffic

import (
	"time"

	"causeway/internal/stats"
)

// Tolerance is how far apart the ends may lie and still be one limit: timers of servers tick in milliseconds and fire
// late when their loop is busy, so a small part of the limit itself.
func Tolerance(limit time.Duration) time.Duration { return max(20*time.Millisecond, limit/20) }

// ClusterOf finds the value around which most events lie, no further apart than a timer is exact: its middle, the events
// in it, and the others.
func ClusterOf(events []*Event, value func(*Event) time.Duration) (middle time.Duration, in, out []*Event) {
	return ClusterWithin(events, value, Tolerance)
}

// ClusterWithin is ClusterOf with a tolerance of the caller's.
func ClusterWithin(events []*Event, value func(*Event) time.Duration, width func(time.Duration) time.Duration) (middle time.Duration, in,
	out []*Event,
) {
	sorted := SortedDurations(events, value)
	best, at, end := 0, 0, 0
	for i := range sorted {
		for end < len(sorted) && sorted[end]-sorted[i] <= width(sorted[i]) {
			end++
		}
		if end-i > best {
			best, at = end-i, i
		}
	}
	low, high := sorted[at], sorted[at]+width(sorted[at])
	for _, e := range events {
		if v := value(e); v >= low && v <= high {
			in = append(in, e)
		} else {
			out = append(out, e)
		}
	}
	return sorted[at+best/2], in, out
}

// Mostly reports whether a part is enough of the whole to speak for it.
func Mostly(part, whole []*Event) bool {
	return len(part) >= stats.MinEvents && 5*len(part) >= 4*len(whole)
}
