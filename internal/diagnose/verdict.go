package diagnose

import (
	"cmp"
	"slices"

	"causeway/internal/report"
	"causeway/internal/units"
)

// smallestVerdict is the share of the failures that the verdict must explain.
const smallestVerdict = 0.2

// explained is a cause with all of its findings: one cause may be at work at several places.
type explained struct {
	report.Finding // the largest; its counts are those of all
	best           string
}

// verdict is the cause to act on first: the largest one that is more than a suspicion, and as large as what is left undetermined.
// What only clients can fix comes behind the rest, and what something else eclipses behind everything.
func verdict(r *report.Report) (*report.Verdict, *report.CauseLevel) {
	all := byCause(r)
	order := inOrder(r)
	slices.SortStableFunc(all, func(a, b explained) int {
		return cmp.Or(order(&a.Finding)-order(&b.Finding), cmp.Compare(clientsOnly(&a.Finding), clientsOnly(&b.Finding)),
			cmp.Compare(b.Failures, a.Failures), cmp.Compare(b.Recovered, a.Recovered), cmp.Compare(a.Cause, b.Cause))
	})
	for i := range all {
		f := &all[i]
		if share := share(&f.Finding, r); share < smallestVerdict {
			continue
		} else if f.Failures < r.Undetermined.Failures || order(&f.Finding) > 0 {
			return nil, nil
		} else {
			return &report.Verdict{Cause: f.Cause, Title: f.Title, Confidence: f.best, Share: share}, &report.CauseLevel{
				Cause: f.Cause, Failures: f.Failures, Of: r.Failures, Confidence: f.best,
			}
		}
	}
	return nil, nil
}

// byCause adds up the findings of each cause that are more than suspicions. The confidence of a cause is the best of those that hold the
// larger half of its failures.
func byCause(r *report.Report) (out []explained) {
	parts := map[string][]*report.Finding{}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Confidence != report.Low && f.Failures+f.Recovered > 0 {
			parts[f.Cause] = append(parts[f.Cause], f)
		}
	}
	for _, id := range units.SortedKeys(parts) {
		list := parts[id]
		slices.SortStableFunc(list, func(a, b *report.Finding) int {
			return cmp.Compare(b.Failures+b.Recovered, a.Failures+a.Recovered)
		})
		x := explained{Finding: *list[0], best: report.Medium}
		x.Failures, x.Recovered = 0, 0
		for _, f := range list {
			x.Failures, x.Recovered = x.Failures+f.Failures, x.Recovered+f.Recovered
		}
		half := 0
		for _, f := range list {
			if f.Confidence == report.High && 2*half < x.Failures+x.Recovered {
				x.best = report.High
			}
			half += f.Failures + f.Recovered
		}
		out = append(out, x)
	}
	return out
}

// inOrder says which findings come first: 1 is for what something else eclipses, 0 for the rest.
func inOrder(r *report.Report) func(*report.Finding) int {
	others, by := r.Undetermined.Failures, map[string]int{}
	for i := range r.Undetermined.Groups {
		others += r.Undetermined.Groups[i].Recovered
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; !alwaysThere(f.Cause, f.Failures) {
			by[f.Cause] += f.Failures + f.Recovered
			others = max(others, by[f.Cause])
		}
	}
	return func(f *report.Finding) int {
		if eclipsed(f.Cause, f.Failures, others, r.Requests) {
			return 1
		}
		return 0
	}
}

// clientsOnly is 1 for what only clients can fix.
func clientsOnly(f *report.Finding) int {
	if f.Cause[0] == 'j' || f.Cause == "i-no-listener-match" {
		return 1
	}
	return 0
}
