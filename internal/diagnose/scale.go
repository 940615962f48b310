package diagnose

import (
	"cmp"
	"slices"

	"causeway/internal/diagnose/inference"
	"causeway/internal/report"
)

// scale makes the counts of a report those of all failures, where only a sample of them was looked at one by one. What
// is left by rounding goes to where it is missed most, so that findings and undetermined still add up.
func scale(c *inference.Case, r *report.Report) {
	if c.Traffic.Sample.Shift == 0 {
		return
	}
	all := c.Traffic.Failures + c.Traffic.Recovers
	before := make([]int, len(r.Findings))
	visible, hidden := []*int{&r.Undetermined.Failures}, []*int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		before[i] = Touched(f)
		visible, hidden = append(visible, &f.Failures), append(hidden, &f.Recovered)
		f.Contributing = inProportion(f.Contributing, all, len(c.Traffic.Events))
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
		scaleFixes(&r.Findings[i], before[i])
	}
	scaleWhatIf(&r.WhatIf, all, len(c.Traffic.Events))
}

// Touched are the failures that a finding explains or has a part in.
func Touched(f *report.Finding) int { return f.Failures + f.Recovered + f.Contributing }

// scaleFixes makes what fixes would have saved a part of all failures of the finding, which were before in the sample.
func scaleFixes(f *report.Finding, before int) {
	for i := range f.Fixes {
		scaleBoth(&f.Fixes[i].Expected.Removes, Touched(f), before)
	}
}

func scaleWhatIf(w *report.WhatIf, all, sampled int) {
	for i := range w.Savings {
		scaleBoth(&w.Savings[i].Removes, all, sampled)
	}
	scaleBoth(&w.Together, all, sampled)
}

func scaleBoth(n *[2]int, all, sampled int) {
	n[0], n[1] = inProportion(n[0], all, sampled), inProportion(n[1], all, sampled)
}

// inProportion extrapolates a number in the sample to all failures.
func inProportion(n, all, sampled int) int {
	if sampled == 0 {
		return n
	}
	return n * all / sampled
}

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
