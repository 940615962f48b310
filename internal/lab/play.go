// Package lab makes faults whose cause is known, diagnoses what they leave behind, and holds the verdict against the truth.
package lab

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"causeway/internal/diagnose"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/lab/stage"
	"causeway/internal/report"
)

// Result is how a scenario came out, judged by the whole trace.
type Result struct {
	Scenario string            `json:"scenario"`
	Seed     uint64            `json:"seed"`
	Truth    []stage.Truth     `json:"truth"`
	Open     bool              `json:"open,omitempty"`  // no verdict is right too
	Known    string            `json:"known,omitempty"` // what the diagnosis is known not to find
	Made     bool              `json:"made,omitempty"`  // there is no trace: both judgements are of the same evidence
	Loads    []*stage.Outcomes `json:"loads"`
	places   []placeOf         // of each truth; the last holds for the rest
	Beside   []string          `json:"beside,omitempty"` // causes that the background brings along: true, and not asked for
	Judgement
	Azure Judgement     `json:"azure"`         // by what Azure would have exported of it
	Dir   string        `json:"dir,omitempty"` // the evidence, if it was kept
	Took  time.Duration `json:"-"`
}

// Judgement is a diagnosis held against the truth.
type Judgement struct {
	Report *report.Report `json:"report"`
	Agreed bool           `json:"agreed"` // verdict and findings are the truth, the whole truth
	// A cause that was not at work was named with more than low confidence, or the report contradicts itself
	Wrong  bool   `json:"wrong"`
	Levels Levels `json:"levels"` // which of where and kind are right
	Left   bool   `json:"left"`   // it names no wrong cause, and the truth is among what it leaves open
	Why    string `json:"why,omitempty"`
}

// withoutBackground says why a scenario is played without a background.
var withoutBackground = map[string]string{
	"idle-race":              "other pages use its connections in the gaps",
	"idle-race-one-of-three": "other pages use its connections in the gaps",
	"idle-race-hidden":       "other pages use its connections in the gaps",
	"cold-start":             "other pages end the quiet time",
	"slow-ones-pile-up":      "turns fall among its own requests",
}

// Play plays a scenario and diagnoses what it leaves. With keep the evidence stays in that directory. The error says
// that the play itself failed, never that the diagnosis did.
func Play(ctx context.Context, s stage.Scenario, seed uint64, keep string) (*Result, error) {
	began := time.Now()
	dir, err := directory(keep)
	if err != nil {
		return nil, err
	}
	if keep == "" {
		defer os.RemoveAll(dir)
	}
	on := stage.New(ctx, dir, seed)
	on.Background = !s.Made && withoutBackground[s.Name] == ""
	s.Play(on)
	on.Close()
	if on.Err != nil {
		return nil, fmt.Errorf("play %s: %w", s.Name, on.Err)
	}
	r := &Result{
		Scenario: s.Name, Seed: seed, Truth: on.Located(s.Truth), Open: s.Open, Known: s.Known, Made: s.Made, Loads: on.Loads,
		Dir: keep,
	}
	if on.Background {
		r.Beside, r.Truth = stage.BackgroundCauses, triedTwice(r.Truth) // the background reads, and reads are tried twice
	}
	r.places = []placeOf{{Common: on.Common(), azure: s.Made, coarse: on.First, beside: r.strangersLost()}}
	if r.places[0].Member != "" && on.FailsAt != "" {
		r.places[0].Member = on.FailsAt // the trace has one name for all addresses of the only member
	}
	if r.Judgement, err = r.judge(dir, s.Open); err != nil {
		return nil, fmt.Errorf("diagnose %s: %w", s.Name, err)
	}
	if s.Made {
		r.Azure, r.Took = r.Judgement, time.Since(began)
		return r, nil
	}
	r.places[0].Member = on.Common().Member
	exported, err := export(dir, echoes(s.Name, seed))
	if err != nil {
		return nil, fmt.Errorf("export what %s left, as Azure does: %w", s.Name, err)
	}
	defer os.RemoveAll(exported)
	r.places[0].azure = true
	if r.Azure, err = r.judge(exported, true); err != nil {
		return nil, fmt.Errorf("diagnose %s by Azure's evidence: %w", s.Name, err)
	}
	r.Took = time.Since(began)
	return r, nil
}

// judge diagnoses the evidence in a directory, and holds the report against the truth. open says that it may leave the
// truth among what it may be.
func (r *Result) judge(dir string, open bool) (Judgement, error) {
	bundle, err := evidence.Open([]string{dir})
	if err != nil {
		return Judgement{}, err
	}
	defer bundle.Close()
	report, contradictions, err := diagnose.RunChecked(bundle, traffic.Options{})
	if err != nil {
		return Judgement{}, err
	}
	j := Judgement{Report: report}
	r.withoutBackground(&j)
	if j.Levels, err = judgeLevels(j.Report, r.Truth, r.places); err != nil {
		return Judgement{}, err
	}
	if j.judge(r.Truth, open); len(contradictions) > 0 {
		j.Agreed, j.Wrong, j.Why = false, true, "the report contradicts itself: "+strings.Join(contradictions, "; ")
	}
	return j, nil
}

// withoutBackground takes out of what is judged the findings that tell of the background alone, and as many failures.
func (r *Result) withoutBackground(j *Judgement) {
	if len(r.Beside) == 0 {
		return
	}
	told := *j.Report
	told.Findings = slices.DeleteFunc(slices.Clone(told.Findings), func(f report.Finding) bool {
		beside := slices.Contains(r.Beside, f.Cause) && !known(f, r.Truth)
		if beside {
			told.Failures -= f.Failures
		}
		return beside
	})
	if len(r.Truth) == 0 && told.Undetermined.Failures <= r.strangersLost() {
		told.Failures -= told.Undetermined.Failures
	}
	j.Report = &told
}

// strangersLost is how many clients of the background got no answer.
func (r *Result) strangersLost() int {
	n := 0
	for _, load := range r.Loads {
		n += load.Strangers
	}
	return n
}

func directory(keep string) (string, error) {
	if keep == "" {
		dir, err := os.MkdirTemp("", "causeway-lab-")
		if err != nil {
			return "", fmt.Errorf("make a directory for the evidence: %w", err)
		}
		return dir, nil
	}
	if err := os.MkdirAll(keep, 0o700); err != nil {
		return "", fmt.Errorf("make the directory for the evidence: %w", err)
	}
	return keep, nil
}

func (j *Judgement) judge(truth []stage.Truth, open bool) {
	for _, f := range j.Report.Findings {
		if !known(f, truth) {
			j.Wrong = j.Wrong || f.Confidence != report.Low
			j.Why = fmt.Sprintf("%s was named (%d failures, confidence %s), which was not at work there", f.Cause, f.Failures+f.Recovered,
				f.Confidence)
		}
	}
	missed := missed(j.Report, truth)
	failed := j.Report.Failures + j.Report.Recovered
	untold := slices.DeleteFunc(slices.Clone(missed), func(id string) bool { return leavesOpen(j.Report, id) })
	j.Left = !j.Wrong && len(missed) > 0 && len(untold) == 0
	switch {
	case j.Why != "":
	case len(truth) == 0 && failed > 0:
		j.Why = fmt.Sprintf("%d requests failed and %d were saved by a retry although nothing was wrong", j.Report.Failures,
			j.Report.Recovered)
	case len(truth) > 0 && failed == 0 && open:
		j.Why = "nothing failed"
	case len(untold) > 0:
		j.Why = untold[0] + " was neither found nor left open"
	case len(missed) > 0 && !open:
		j.Why = missed[0] + " was not found"
	case len(truth) > 0 && j.Report.Verdict == nil && !open:
		j.Why = fmt.Sprintf("no verdict was given; %d failures are undetermined", j.Report.Undetermined.Failures)
	default:
		j.Agreed = true
	}
}

// leavesOpen reports whether a cause is among what failures may be.
func leavesOpen(r *report.Report, cause string) bool {
	return slices.Contains(r.Undetermined.Rivals, cause) || slices.ContainsFunc(r.Findings, func(f report.Finding) bool {
		return slices.ContainsFunc(slices.Concat(f.Rivals, f.AlsoPossible), func(x report.Rival) bool { return x.Cause == cause })
	})
}

// stalled is a truth whenever it is found: the gateway has measured that it did not get to run.
const stalled = "h-goroutine-or-lock-stall"

// hidden is one, too: every failure of the record was made good by a retry.
const hidden = "k-hidden-by-retry"

// Starved reports whether the machine was too busy for the play: the gateway's process stood still for a part of requests
// that failed. The trace says so; what Azure exports does not, and tells of members that never were so slow.
func (r *Result) Starved() bool {
	return leavesOpen(r.Report, stalled) ||
		slices.ContainsFunc(r.Report.Findings, func(f report.Finding) bool { return f.Cause == stalled })
}

// known reports whether a finding names a truth. One that names no member is right if its cause is at work at several.
func known(f report.Finding, truth []stage.Truth) bool {
	return f.Cause == stalled || f.Cause == hidden || slices.ContainsFunc(truth, func(t stage.Truth) bool {
		here := t.Member == "" || t.Member == f.Scope.Member || f.Scope.Member == "" && several(t.Cause, truth)
		return t.Cause == f.Cause && here || slices.Contains(t.Also, f.Cause)
	})
}

// several reports whether a cause is at work at more than one member.
func several(cause string, truth []stage.Truth) bool {
	n := 0
	for _, t := range truth {
		n += count(t.Cause == cause)
	}
	return n > 1
}

// missed are the truths that no finding names.
func missed(r *report.Report, truth []stage.Truth) []string {
	var out []string
	for _, t := range truth {
		if !slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.Cause == t.Cause }) {
			out = append(out, t.Cause)
		}
	}
	return out
}

// AtOnce is how many scenarios with real connections play at a time: they mostly wait.
const AtOnce = 16

// PlayAll plays scenarios, so many at a time, the longest first, and reports each outcome as it comes, one at a time. It
// returns once all are reported. Those with real connections come first and alone, because they measure time; synthetic ones compute,
// so no more of them run than there are processors, and hold all of their records in memory: as much as eight of the others.
func PlayAll(ctx context.Context, scenarios []stage.Scenario, seed uint64, atOnce int, tell func(stage.Scenario, *Result, error)) {
	scenarios = slices.SortedStableFunc(slices.Values(scenarios), func(a, b stage.Scenario) int { return cmp.Compare(b.Lasts, a.Lasts) })
	var mu sync.Mutex
	one := func(s stage.Scenario) {
		r, err := Play(ctx, s, seed, "")
		mu.Lock()
		defer mu.Unlock()
		tell(s, r, err)
	}
	generated := func(s stage.Scenario) bool { return s.Made }
	played := func(s stage.Scenario) bool { return !s.Made }
	each(atOnce, slices.DeleteFunc(slices.Clone(scenarios), generated), one)
	each(min(runtime.GOMAXPROCS(0), max(1, atOnce/8)), slices.DeleteFunc(slices.Clone(scenarios), played), one)
}

// each does n of them at a time, in order.
func each(n int, scenarios []stage.Scenario, do func(stage.Scenario)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, n)
	for _, s := range scenarios {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(s)
		})
	}
	wg.Wait()
}
