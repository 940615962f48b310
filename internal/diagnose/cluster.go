package diagnose

import "time"

// clusterOf finds the value around which most events lie, no further apart than a timer is exact: its middle, the events
// in it, and the others.
func clusterOf(events []*event, value func(*event) time.Duration) (middle time.Duration, in, out []*event) {
	return clusterWithin(events, value, tolerance)
}

// clusterWithin is clusterOf with another idea of how far apart the events may lie.
func clusterWithin(events []*event, value func(*event) time.Duration, width func(time.Duration) time.Duration) (middle time.Duration, in, out []*event) {
	sorted := sortedDurations(events, value)
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

// mostly reports whether a part is enough of the whole to speak for it.
func mostly(part, whole []*event) bool { return len(part) >= minEvents && 5*len(part) >= 4*len(whole) }
