package inference

import (
	"cmp"
	"slices"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
)

// DistinctSeconds counts the seconds of the clock in which events were.
func DistinctSeconds(events []*traffic.Event) int {
	seen := map[int64]bool{}
	for _, e := range events {
		seen[e.At.Unix()] = true
	}
	return len(seen)
}

// InOneMoment reports whether all events failed within two seconds: then they share the time, not an age.
func InOneMoment(events []*traffic.Event) bool {
	return events[len(events)-1].At.Sub(events[0].At) < 2*time.Second
}

// Independent counts events; those within stats.Burst of each other count once.
func Independent(events []*traffic.Event) int { return Apart(events, stats.Burst) }

// Apart counts events; those within a time after one that counts count with it. So what goes on for long counts as often as that time has
// passed.
func Apart(events []*traffic.Event, within time.Duration) int {
	times := make([]time.Time, len(events))
	for i, e := range events {
		times[i] = e.At
	}
	slices.SortFunc(times, time.Time.Compare)
	n := 0
	var last time.Time
	for _, t := range times {
		if n == 0 || t.Sub(last) > within {
			n++
			last = t
		}
	}
	return n
}

// Standout is a place that has more failures than its share of the requests explains.
type Standout[K comparable] struct {
	Key      K
	Failures int // independent ones
	Share    float64
	Chance   float64 // of its share of the failures by accident, 0 to 1, corrected for the number of places
}

// StandsOut finds the places that have more failures than their share of the requests explains, the least likely first.
// Exposure counts requests by place. A place needs three independent failures.
func StandsOut[K comparable](exposure map[K]int, failed map[K][]*traffic.Event) []Standout[K] {
	return standsOutBy(Independent, exposure, failed)
}

// standsOutBy is StandsOut with a count of what is independent.
func standsOutBy[K comparable](count func([]*traffic.Event) int, exposure map[K]int, failed map[K][]*traffic.Event) []Standout[K] {
	requests, failures := 0, 0
	counts := map[K]int{}
	for _, n := range exposure {
		requests += n
	}
	for k, events := range failed {
		counts[k] = count(events)
		failures += counts[k]
	}
	var out []Standout[K]
	for k, n := range counts {
		if n < 3 || requests == 0 || exposure[k] == 0 {
			continue
		}
		share := float64(exposure[k]) / float64(requests)
		chance := min(1, stats.BinomialTail(n, failures, share)*float64(len(exposure)))
		if chance < stats.Significance {
			out = append(out, Standout[K]{k, n, share, chance})
		}
	}
	slices.SortFunc(out, func(a, b Standout[K]) int {
		return cmp.Or(cmp.Compare(a.Chance, b.Chance), cmp.Compare(b.Failures, a.Failures))
	})
	return out
}
