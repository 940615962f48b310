package lab

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"causeway/diagnose"
	"causeway/evidence"
)

// Scenario is a failure whose cause is known, or traffic that has none.
type Scenario struct {
	Name  string
	Story string        // one line
	Truth []Truth       // what is at work; none: nothing is
	Open  bool          // the evidence does not decide: the truth may be left among what it may be
	Lasts time.Duration // about
	play  func(*Stage)
}

// Truth is a cause at work and where. An empty Member does not say where.
type Truth struct {
	Cause  string `json:"cause"`
	Member string `json:"member,omitempty"`
}

func (t Truth) String() string {
	if t.Member == "" {
		return t.Cause
	}
	return t.Cause + " on " + t.Member
}

// Result is how a scenario came out.
type Result struct {
	Scenario string           `json:"scenario"`
	Seed     uint64           `json:"seed"`
	Truth    []Truth          `json:"truth"`
	Open     bool             `json:"open,omitempty"` // no verdict is right too
	Loads    []*Tally         `json:"loads"`
	Report   *diagnose.Report `json:"report"`
	Agreed   bool             `json:"agreed"` // verdict and findings are the truth, the whole truth
	Wrong    bool             `json:"wrong"`  // a cause that was not at work was named with more than low confidence
	Why      string           `json:"why,omitempty"`
	Dir      string           `json:"dir,omitempty"` // the evidence, if it was kept
	Took     time.Duration    `json:"-"`
}

// Scenarios are all there are, in the order of the taxonomy, the healthy ones last.
func Scenarios() []Scenario {
	var out []Scenario
	for _, some := range [][]Scenario{
		probeScenarios(), reachScenarios(), lifecycleScenarios(), timeoutScenarios(), protocolScenarios(),
		tlsScenarios(), clientScenarios(), healthyScenarios(),
	} {
		out = append(out, some...)
	}
	return out
}

// Find returns a scenario by name.
func Find(name string) (Scenario, bool) {
	all := Scenarios()
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, false
	}
	return all[i], true
}

// Run plays the scenario and diagnoses what it leaves. With keep the evidence stays in that directory. The error says
// that the play itself failed, never that the diagnosis did.
func (s Scenario) Run(ctx context.Context, seed uint64, keep string) (*Result, error) {
	began := time.Now()
	dir, err := directory(keep)
	if err != nil {
		return nil, err
	}
	if keep == "" {
		defer os.RemoveAll(dir)
	}
	stage := newStage(ctx, dir, seed)
	s.play(stage)
	stage.strike()
	if stage.err != nil {
		return nil, fmt.Errorf("play %s: %w", s.Name, stage.err)
	}
	bundle, err := evidence.Open([]string{dir})
	if err != nil {
		return nil, err
	}
	report, err := diagnose.Run(bundle, diagnose.Options{})
	if err != nil {
		return nil, fmt.Errorf("diagnose %s: %w", s.Name, err)
	}
	r := &Result{Scenario: s.Name, Seed: seed, Truth: s.Truth, Open: s.Open, Loads: stage.Loads, Report: report, Dir: keep, Took: time.Since(began)}
	r.judge()
	return r, nil
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

// judge holds the report against the truth.
func (r *Result) judge() {
	for _, f := range r.Report.Findings {
		if !r.known(f) {
			r.Wrong = r.Wrong || f.Confidence != diagnose.Low
			r.Why = fmt.Sprintf("%s was named (%d failures, confidence %s), which was not at work there", f.Cause, f.Failures+f.Recovered, f.Confidence)
		}
	}
	switch {
	case r.Why != "":
	case len(r.Truth) == 0 && r.Report.Failures+r.Report.Recovered > 0:
		r.Why = fmt.Sprintf("%d requests failed and %d were saved by a retry although nothing was wrong", r.Report.Failures, r.Report.Recovered)
	case r.Open && r.Report.Failures+r.Report.Recovered == 0:
		r.Why = "nothing failed"
	case r.Open && r.Report.Verdict == nil && !slices.Contains(r.Report.Undetermined.Rivals, r.Truth[0].Cause):
		r.Why = r.Truth[0].Cause + " is not among what it may be"
	case r.Open:
		r.Agreed = true
	case len(r.Truth) > 0 && r.Report.Verdict == nil:
		r.Why = fmt.Sprintf("no verdict was given; %d failures are undetermined", r.Report.Undetermined.Failures)
	case r.missed() != "":
		r.Why = r.missed() + " was not found"
	default:
		r.Agreed = true
	}
}

// known reports whether a finding names a truth.
func (r *Result) known(f diagnose.Finding) bool {
	return slices.ContainsFunc(r.Truth, func(t Truth) bool { return t.Cause == f.Cause && (t.Member == "" || t.Member == f.Scope.Member) })
}

// missed is a truth that no finding names; empty if there is none.
func (r *Result) missed() string {
	for _, t := range r.Truth {
		if !slices.ContainsFunc(r.Report.Findings, func(f diagnose.Finding) bool { return f.Cause == t.Cause }) {
			return t.Cause
		}
	}
	return ""
}

// RunAll plays scenarios, several at a time, and tells each outcome as it comes, one at a time. It returns when all
// have been told.
func RunAll(ctx context.Context, scenarios []Scenario, seed uint64, tell func(Scenario, *Result, error)) {
	const atOnce = 6 // they mostly wait
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, s := range scenarios {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			r, err := s.Run(ctx, seed, "")
			mu.Lock()
			defer mu.Unlock()
			tell(s, r, err)
		})
	}
	wg.Wait()
}
