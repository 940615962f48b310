package story

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/cause"
	"causeway/internal/diagnose"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// TextOf is a report as text, 80 columns wide.
func TextOf(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Text(&b, 80); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Noticed are the causes of a report's notices, in order.
func Noticed(r *report.Report) string {
	var out []string
	for _, n := range r.Notices {
		out = append(out, n.Cause)
	}
	return strings.Join(out, " ")
}

// Causes are the findings of a report.
func Causes(r *report.Report) string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Cause+" "+f.Confidence)
	}
	return strings.Join(out, ", ")
}

// Likely are the first rivals of what a report leaves open.
func Likely(r *report.Report) string {
	var out []string
	for _, g := range r.Undetermined.Groups {
		out = append(out, g.Rivals[0].Cause)
	}
	return strings.Join(out, ", ")
}

// StepOf is the step of a name; the zero Step if there is none.
func StepOf(r *report.Report, name string) report.Step {
	for _, s := range r.Steps {
		if s.Step == name {
			return s
		}
	}
	return report.Step{}
}

// Undecided asserts that no finding with failures has high confidence, and that so many failures stay undetermined, with rivals.
func Undecided(t *testing.T, s *Story, failures int) {
	t.Helper()
	r := s.Diagnose()
	for _, f := range r.Findings {
		if f.Confidence == report.High && f.Failures > 0 {
			t.Errorf("named %s with high confidence", f.Cause)
		}
	}
	if r.Undetermined.Failures != failures || len(r.Undetermined.Rivals) < 2 || r.Undetermined.Next == "" {
		t.Errorf("%+v, want %d failures", r.Undetermined, failures)
	}
}

// Explained explains a request of a story, by its transaction or time.
func Explained(t *testing.T, s *Story, what string) (*report.Explanation, error) {
	t.Helper()
	b := s.Bundle()
	defer b.Close()
	return diagnose.Explain(b, what)
}

// Spares asserts that a cause is not named with any confidence.
func Spares(t *testing.T, r *report.Report, ids ...string) {
	t.Helper()
	for _, f := range r.Findings {
		for _, id := range ids {
			if f.Cause == id && f.Confidence != report.Low {
				t.Errorf("%s with %s confidence: %v", id, f.Confidence, f.Evidence)
			}
		}
	}
}

// Named asserts that a report names causes, each with more than low confidence.
func Named(t *testing.T, r *report.Report, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if !slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.Cause == id && f.Confidence != report.Low }) {
			t.Errorf("%s is not named\n%s", id, TextOf(t, r))
		}
	}
}

// Twins diagnoses a story twice: where the deciding fact holds, the report names the first cause; where it does not, the report
// names none of the causes with more than low confidence.
func Twins(t *testing.T, play func(s *Story, fact bool), ids ...string) {
	t.Helper()
	t.Run("named", func(t *testing.T) {
		t.Parallel()
		s := New(t)
		play(s, true)
		Named(t, s.Diagnose(), ids[0])
	})
	t.Run("spared", func(t *testing.T) {
		t.Parallel()
		s := New(t)
		play(s, false)
		Spares(t, s.Diagnose(), ids...)
	})
}

// Decided holds an analyzer to the one fault that decides: failures with it have the cause, those with a neighbouring fault do not.
func Decided(t *testing.T, id string, decides, neighbour fault.Fault) {
	t.Helper()
	Twins(t, func(s *Story, fact bool) {
		f := neighbour
		if fact {
			f = decides
		}
		tried := 4
		if f.Phase == fault.Request || f.Phase == fault.Route {
			tried = 0
		}
		for range 8 {
			s.After(time.Second).Request(tried, Fails(f, 20*time.Millisecond))
			s.Request(4)
		}
	}, id)
}

// FactOf is what a report has as worth knowing under a cause; empty if nothing.
func FactOf(r *report.Report, cause string) string {
	for _, n := range r.Notices {
		if n.Cause == cause {
			return n.Fact
		}
	}
	return ""
}

// EveryForm asserts that each form of a report has a text, however its lines are broken.
func EveryForm(t *testing.T, r *report.Report, want string) {
	t.Helper()
	for name, write := range map[string]func(*strings.Builder) error{
		"text":     func(b *strings.Builder) error { return r.Text(b, 100) },
		"markdown": func(b *strings.Builder) error { return r.Markdown(b) },
		"html":     func(b *strings.Builder) error { return r.HTML(b) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil || !strings.Contains(strings.Join(strings.Fields(b.String()), " "), want) {
			t.Errorf("%s lacks %q (%v)", name, want, err)
		}
	}
}

// RivalsOf are the ids of a finding's rivals, in order.
func RivalsOf(f *report.Finding) string {
	var ids []string
	for _, r := range slices.Concat(f.Rivals, f.AlsoPossible) {
		ids = append(ids, r.Cause)
	}
	return strings.Join(ids, " ")
}

// HTMLOf is a report as a page.
func HTMLOf(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var toFillIn = regexp.MustCompile(`\{[a-z][a-zA-Z]*\}`)

// Check holds every report to what all reports promise.
func (s *Story) Check(r *report.Report) {
	s.t.Helper()
	sum := r.Undetermined.Failures
	for _, f := range r.Findings {
		sum += f.Failures
		if cause.Find(f.Cause) == nil {
			s.t.Errorf("cause %s is not in the catalogue", f.Cause)
		}
		text := fmt.Sprint(f)
		if toFillIn.MatchString(text) || strings.Contains(text, "%!") {
			s.t.Errorf("unfilled text: %s", text)
		}
	}
	for _, g := range r.Undetermined.Groups {
		if !s.Unexplained && len(g.Rivals) == 1 && g.Rivals[0].Cause == "k-empty-evidence" {
			s.t.Errorf("nothing was considered for %d failures of %+v", g.Failures+g.Recovered, g.Scope)
		}
	}
	if sum != r.Failures {
		s.t.Errorf("findings and undetermined add up to %d, failures are %d", sum, r.Failures)
	}
	if _, err := json.Marshal(r); err != nil { // what a fix sets is JSON once it is filled in
		s.t.Error(err)
	}
	if err := r.Text(&strings.Builder{}, 100); err != nil {
		s.t.Error(err)
	}
}

// checkCounts asserts that the diagnosis read what the story wrote: every request, and every failure of one.
func (s *Story) checkCounts(r *report.Report, since time.Time) {
	s.t.Helper()
	want := s.Counts
	if want == nil {
		want = s.counts(since)
	}
	if got := (Counts{r.Requests, r.Failures + r.Recovered - r.Steered}); got != *want {
		s.t.Errorf("the diagnosis counts %+v, want %+v", got, *want)
	}
}

func (s *Story) counts(since time.Time) *Counts {
	var c Counts
	for i := range s.Records {
		if r := &s.Records[i]; !r.Start.Before(since) {
			c.Requests++
			if failed(r) {
				c.Failures++
			}
		}
	}
	return &c
}

// failed reports whether a record has a failure: of the request, or of an attempt that a retry hid.
func failed(r *accesslog.Record) bool {
	hidden := slices.ContainsFunc(r.Attempts, func(a accesslog.Attempt) bool { return !a.Fault.None() })
	return hidden || !r.Fault.None() || r.Status >= 500 || r.Status == 0 || r.Status == fault.ClientGone
}

// Expect asserts the causes found, in order, each as "id confidence failures".
func Expect(t *testing.T, r *report.Report, want ...string) {
	t.Helper()
	var got []string
	for _, f := range r.Findings {
		got = append(got, fmt.Sprintf("%s %s %d", f.Cause, f.Confidence, f.Failures))
	}
	if !slices.Equal(got, want) {
		var b strings.Builder
		r.Text(&b, 100)
		t.Errorf("found %q, want %q\n%s", got, want, &b)
	}
}

// Group is an undetermined group by its place in the report; the test ends if the report has none there.
func Group(t *testing.T, r *report.Report, i int) report.Open {
	t.Helper()
	if i >= len(r.Undetermined.Groups) {
		t.Fatalf("there is no undetermined group %d\n%s", i, TextOf(t, r))
	}
	return r.Undetermined.Groups[i]
}

// Found is a finding by its place in the report; the test ends if the report has none there.
func Found(t *testing.T, r *report.Report, i int) *report.Finding {
	t.Helper()
	if i >= len(r.Findings) {
		t.Fatalf("there is no finding %d\n%s", i, TextOf(t, r))
	}
	return &r.Findings[i]
}

// Lies asserts where the failures of a report lie, in the words of the place; empty: nowhere in particular.
func Lies(t *testing.T, r *report.Report, place string) {
	t.Helper()
	got := ""
	if r.Where != nil {
		got = r.Where.Text()
	}
	if got != place {
		t.Errorf("the failures lie at %q, want %q\n%s", got, place, TextOf(t, r))
	}
}

// OfKind asserts of what kinds the failures of a report are.
func OfKind(t *testing.T, r *report.Report, kinds ...string) {
	t.Helper()
	if r.FailureKind == nil || !slices.Equal(r.FailureKind.Kinds, kinds) {
		t.Errorf("kind %+v, want %v\n%s", r.FailureKind, kinds, TextOf(t, r))
	}
}
