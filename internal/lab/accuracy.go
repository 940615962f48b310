package lab

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"causeway/internal/lab/scenarios"
	"causeway/internal/lab/stage"
	"causeway/internal/report"
)

// Accuracy is how the diagnosis did over scenarios and seeds.
type Accuracy struct {
	Seeds   int
	Results []*Result // by Causeway's own data plane, and of made evidence
	Nginx   []*Result // with nginx as the gateway
	Mixed   []*Result // two scenarios at a time, with nginx as the gateway
	Failed  []string  // what could not be played, and why
}

// Measure plays scenarios with so many seeds from the first on, and tells each outcome as it comes.
func Measure(ctx context.Context, some []stage.Scenario, first uint64, seeds int, tell func(stage.Scenario, *Result, error)) *Accuracy {
	a := &Accuracy{Seeds: seeds}
	for seed := first; seed < first+uint64(seeds); seed++ {
		PlayAll(ctx, some, seed, AtOnce, func(s stage.Scenario, r *Result, err error) {
			if err != nil {
				a.Failed = append(a.Failed, fmt.Sprintf("%s, seed %d: %v", s.Name, seed, err))
			} else {
				a.Results = append(a.Results, r)
			}
			tell(s, r, err)
		})
	}
	a.measureNginx(ctx, some, first, seeds, tell)
	order := map[string]int{}
	for i, s := range scenarios.Scenarios() {
		order[s.Name] = i
	}
	for _, results := range [][]*Result{a.Results, a.Nginx, a.Mixed} {
		slices.SortStableFunc(results, func(x, y *Result) int {
			return cmp.Or(cmp.Compare(order[x.Scenario], order[y.Scenario]), cmp.Compare(x.Scenario, y.Scenario),
				cmp.Compare(x.Seed, y.Seed))
		})
	}
	slices.Sort(a.Failed)
	return a
}

// mixturesMeasured is how many pairs of scenarios a measurement plays together.
const mixturesMeasured = 30

// measureNginx plays what nginx can play, with every seed, and mixtures with the first.
func (a *Accuracy) measureNginx(ctx context.Context, some []stage.Scenario, first uint64, seeds int,
	tell func(stage.Scenario, *Result, error),
) {
	keep := func(name string, seed uint64, into *[]*Result, s stage.Scenario, r *Result, err error) {
		if err != nil {
			a.Failed = append(a.Failed, fmt.Sprintf("%s through nginx, seed %d: %v", name, seed, err))
		} else {
			*into = append(*into, r)
		}
		tell(s, r, err)
	}
	for seed := first; seed < first+uint64(seeds); seed++ {
		PlayAllNginx(ctx, some, seed, "", func(s stage.Scenario, r *Result, err error) { keep(s.Name, seed, &a.Nginx, s, r, err) })
	}
	PlayAllMixtures(ctx, Mixtures(some, mixturesMeasured, first), first, "", func(m Mixture, r *Result, err error) {
		keep(m.Name(), first, &a.Mixed, stage.Scenario{Name: m.Name()}, r, err)
	})
}

// Plays is how many plays a measurement of scenarios takes.
func Plays(some []stage.Scenario, first uint64, seeds int) int {
	n := seeds * len(some)
	for _, s := range some {
		if plays, _ := ThroughNginx(s); plays {
			n += seeds
		}
	}
	return n + len(Mixtures(some, mixturesMeasured, first))
}

// Outcomes of a diagnosis, from good to bad.
const (
	told       = "told"                // every truth is named, and nothing else
	leftOpen   = "left open"           // nothing else is named, and the truth is among what it may be
	notTold    = "not told"            // nothing else is named, and the truth is not among what it may be
	suspected  = "wrong suspicion"     // something else is named, with low confidence
	misleading = "wrong and confident" // something else is named with more than that
)

var outcomes = []string{told, leftOpen, notTold, suspected, misleading}

// outcome says in a word how a judgement came out.
func (r *Result) outcome(j *Judgement) string {
	others := slices.ContainsFunc(j.Report.Findings, func(f report.Finding) bool { return !known(f, r.Truth) })
	switch {
	case j.Wrong:
		return misleading
	case others:
		return suspected
	case len(r.Truth) == 0 && j.Report.Failures+j.Report.Recovered > 0:
		return notTold // something failed that should not have
	case len(missed(j.Report, r.Truth)) == 0:
		return told
	case j.Left:
		return leftOpen
	}
	return notTold
}

// Misled is how many judgements were wrong and confident.
func (a *Accuracy) Misled() int {
	n := 0
	for _, v := range a.views() {
		if v.outcome == misleading {
			n++
		}
	}
	return n
}
