package diagnose

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Exact tests for one against many. Failures cluster, and clustered failures are not independent: bursts are counted
// once before anything is tested.

// significance is how unlikely chance must be before one of many is singled out, after correction for how many were
// looked at.
const significance = 0.01

// burst is how close failures of one place must be to count as one event.
const burst = time.Second

// independent counts events, those that lie within a burst of each other once.
func independent(events []*event) int { return apart(events, burst) }

// apart counts events, those that lie within a time of each other once.
func apart(events []*event, within time.Duration) int {
	times := make([]time.Time, len(events))
	for i, e := range events {
		times[i] = e.at
	}
	slices.SortFunc(times, time.Time.Compare)
	n := 0
	var last time.Time
	for _, t := range times {
		if n == 0 || t.Sub(last) > within {
			n++
		}
		last = t
	}
	return n
}

// binomialTail is the chance of k or more successes in n tries with probability p each.
func binomialTail(k, n int, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case p <= 0 || k > n:
		return 0
	case p >= 1:
		return 1
	}
	lg := func(x float64) float64 { v, _ := math.Lgamma(x); return v }
	logP, logQ, base := math.Log(p), math.Log1p(-p), lg(float64(n)+1)
	sum := 0.0
	for i := k; i <= n; i++ {
		term := math.Exp(base - lg(float64(i)+1) - lg(float64(n-i)+1) + float64(i)*logP + float64(n-i)*logQ)
		sum += term
		if term < sum*1e-12 && float64(i) > float64(n)*p {
			break
		}
	}
	return min(1, sum)
}

// standout is a place that has more failures than its share of the requests explains.
type standout[K comparable] struct {
	key      K
	failures int // independent ones
	share    float64
	chance   float64 // that its share of the failures is an accident, corrected for the number of places
}

// standsOut finds the places that have more failures than their share of the requests explains, the least likely first.
// Exposure is requests. It needs three independent failures at a place.
func standsOut[K comparable](exposure map[K]int, failed map[K][]*event) []standout[K] {
	requests, failures := 0, 0
	counts := map[K]int{}
	for _, n := range exposure {
		requests += n
	}
	for k, events := range failed {
		counts[k] = independent(events)
		failures += counts[k]
	}
	var out []standout[K]
	for k, n := range counts {
		if n < 3 || requests == 0 || exposure[k] == 0 {
			continue
		}
		share := float64(exposure[k]) / float64(requests)
		chance := min(1, binomialTail(n, failures, share)*float64(len(exposure)))
		if chance < significance {
			out = append(out, standout[K]{k, n, share, chance})
		}
	}
	slices.SortFunc(out, func(a, b standout[K]) int {
		return cmp.Or(cmp.Compare(a.chance, b.chance), cmp.Compare(b.failures, a.failures))
	})
	return out
}

// wilson is the interval within which a rate lies with 95 % confidence.
func wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.96
	p, m := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, middle-half), min(1, middle+half)
}
