package diagnose

import "time"

// clusterOf finds the value around which most events lie, no further apart than a timer is exact: its middle, the events
// in it, and the others.
func clusterOf(events []*event, value func(*event) time.Duration) (middle time.Duration, in, out []*event) {
	sorted := sortedDurations(events, value)
	best, at := 0, 0
	for i := range sorted {
		n := 0
		for j := i; j < len(sorted) && sorted[j]-sorted[i] <= tolerance(sorted[i]); j++ {
			n++
		}
		if n > best {
			best, at = n, i
		}
	}
	low, high := sorted[at], sorted[at]+tolerance(sorted[at])
	for _, e := range events {
		if v := value(e); v >= low && v <= high {
			in = append(in, e)
		} else {
			out = append(out, e)
		}
	}
	return sorted[at+best/2], in, out
}

// mostly reports whether a part is enough of the whole to speak for it.
func mostly(part, whole []*event) bool { return len(part) >= minEvents && 5*len(part) >= 4*len(whole) }
