// Package stats holds the statistics of a diagnosis: histograms, timelines in bounded memory, exact tests.
package stats

import (
	"cmp"
	"math"
	"time"
)

// MinEvents is how many failures a statistical verdict needs. A mechanism that was itself seen needs only one.
const MinEvents = 5

// Quantile of sorted values.
func Quantile[T cmp.Ordered](sorted []T, p float64) T {
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

// Exact tests for one against many. Failures cluster, and clustered failures are not independent: bursts are counted
// once before anything is tested.

// Significance is how unlikely chance must be before one of many is singled out, after correction for how many were
// looked at.
const Significance = 0.01

// Burst is how close failures of one place must be to count as one event.
const Burst = time.Second

// BinomialTail is the chance of k or more successes in n tries with probability p each.
func BinomialTail(k, n int, p float64) float64 {
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

// Wilson is the interval within which a rate lies with 95 % confidence.
func Wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.96
	p, m := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, middle-half), min(1, middle+half)
}
