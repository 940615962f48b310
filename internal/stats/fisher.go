package stats

import "math"

// HypergeometricTail is the chance that k or more of the marked ones are among drawn ones, if marked ones of all were drawn blindly:
// Fisher's exact test in one direction. Nothing is left to chance where all are marked or drawn, so it is 1 then.
func HypergeometricTail(k, drawn, marked, all int) float64 {
	most := min(drawn, marked)
	switch {
	case k <= max(0, drawn+marked-all):
		return 1
	case k > most:
		return 0
	}
	whole, sum := logChoose(all, drawn), 0.0
	for i := k; i <= most; i++ {
		sum += math.Exp(logChoose(marked, i) + logChoose(all-marked, drawn-i) - whole)
	}
	return min(1, sum)
}

// logChoose is the logarithm of the number of ways to choose k of n.
func logChoose(n, k int) float64 {
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return lg(n) - lg(k) - lg(n-k)
}
