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
	all := q.failures + q.recovers
	before := make([]int, len(r.Findings))
	visible, hidden := []*int{&r.Undetermined.Failures}, []*int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		before[i] = f.touched()
		visible, hidden = append(visible, &f.Failures), append(hidden, &f.Recovered)
		f.Also = inProportion(f.Also, all, len(q.events))
	}
	open := []*int{}
	for i := range r.Undetermined.Groups {
		g := &r.Undetermined.Groups[i]
		open, hidden = append(open, &g.Failures), append(hidden, &g.Recovered)
	}
	apportion(visible, r.Failures)
	apportion(open, r.Undetermined.Failures)
	apportion(hidden, r.Recovered)
	for i := range r.Findings {
		r.Findings[i].scaleFixes(before[i])
	}
	r.WhatIf.scale(all, len(q.events))
}

// touched are the failures that a finding explains or has a part in.
func (f *Finding) touched() int { return f.Failures + f.Recovered + f.Also }

// scaleFixes makes what fixes would have saved a part of all failures of the finding, which were before in the sample.
func (f *Finding) scaleFixes(before int) {
	for i := range f.Fixes {
		scaleBoth(&f.Fixes[i].Expected.Removes, f.touched(), before)
	}
}

func (w *WhatIf) scale(all, sampled int) {
	for i := range w.Savings {
		scaleBoth(&w.Savings[i].Removes, all, sampled)
	}
	scaleBoth(&w.Together, all, sampled)
}

func scaleBoth(n *[2]int, all, sampled int) {
	n[0], n[1] = inProportion(n[0], all, sampled), inProportion(n[1], all, sampled)
}

// inProportion is what a number in the sample comes to among all.
func inProportion(n, all, sampled int) int {
	if sampled == 0 {
		return n
	}
	return n * all / sampled
}

// sampled says that not every failure was looked at, and what that means for the numbers; empty if each was.
func (r *Report) sampled() string {
	if r.Read.Sampled <= 1 {
		return ""
	}
	return fmt.Sprintf("There are too many failures to look at each: one in %d was, chosen evenly. Counts of findings, groups and savings are scaled to all failures; numbers within facts and steps count those that were looked at, where they count failures.", r.Read.Sampled)
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
