package diagnose

import (
	"cmp"
	"fmt"
	"slices"
)

// scale makes the counts of a report those of all failures, where only a sample of them was looked at one by one. What
// is left by rounding goes to where it is missed most, so that findings and undetermined still add up.
func (q *inquiry) scale(r *Report) {
	if q.sample.shift == 0 {
		return
	}
	q.assume(fmt.Sprintf("there are too many failures to look at each: findings rest on one in %d of them, chosen evenly; their counts are scaled, the numbers within their facts are those of the sample", 1<<q.sample.shift))
	visible, hidden := []*int{&r.Undetermined.Failures}, []*int{}
	for i := range r.Findings {
		visible, hidden = append(visible, &r.Findings[i].Failures), append(hidden, &r.Findings[i].Recovered)
	}
	recovered := 0
	for _, n := range hidden {
		recovered += *n
	}
	apportion(visible, r.Failures)
	apportion(hidden, recovered<<q.sample.shift)
}

// ofAll is about how many failures a number of those in the sample stands for: answers, which are all counted, are held
// against it.
func (q *inquiry) ofAll(n int) int { return n << q.sample.shift }

// apportion scales numbers so that they add up to a total, by largest remainders.
func apportion(numbers []*int, total int) {
	sum := 0
	for _, n := range numbers {
		sum += *n
	}
	if sum == 0 {
		return
	}
	type part struct {
		n    *int
		rest int
	}
	parts, left := []part{}, total
	for _, n := range numbers {
		exact := *n * total
		*n = exact / sum
		left -= *n
		parts = append(parts, part{n, exact % sum})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.rest, a.rest) })
	for i := 0; left > 0; i++ {
		*parts[i%len(parts)].n++
		left--
	}
}
