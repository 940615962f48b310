package diagnose_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/story"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
)

// In healthy traffic there is nothing to find: connections are closed when idle and seen before use, answers are slow
// and in time.
func TestHealthyHasNoFinding(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 300 {
		s.After(50 * time.Millisecond)
		s.Request(4, story.Reused(time.Duration(i*6)*time.Millisecond, i), story.Took(time.Duration(1900-i)*time.Millisecond))
		s.Request(5, func(_ *accesslog.Record, a *accesslog.Attempt) { a.Stale = time.Duration(2000+i) * time.Millisecond })
	}
	r := s.Diagnose()
	story.Expect(t, r)
	if r.Verdict != nil || r.Failures+r.Recovered != 0 {
		t.Errorf("%+v", r)
	}
	for _, step := range r.Steps {
		if step.Result == report.Fail {
			t.Errorf("step %+v", step)
		}
	}
}

// The same evidence gives the same bytes.
func TestReportIsStable(t *testing.T) {
	t.Parallel()
	var first string
	for range 3 {
		var b strings.Builder
		story.Race(t).Diagnose().Text(&b, 100)
		if first == "" {
			first = b.String()
		} else if b.String() != first {
			t.Fatal("two runs differ")
		}
	}
}

func TestNoEvidence(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.NoDoc = true
	r := s.Diagnose()
	story.Expect(t, r)
	if len(r.Missing) != 3 || r.Verdict != nil {
		t.Errorf("%+v", r.Missing)
	}
}

// Whatever analyzers ask for, the summary stays what the pass left: looking up a member or a route adds none.
func TestNothingIsAddedToTheSummary(t *testing.T) {
	t.Parallel()
	bundle := story.Race(t).Bundle()
	summary, err := traffic.Summarise(bundle, traffic.Options{})
	if err != nil {
		t.Fatal(err)
	}
	members, routes := maps.Clone(summary.Members), maps.Clone(summary.Routes)
	nobody := summary.Member(traffic.MemberKey{Settings: "http", Member: "10.9.9.9"})
	nothing := summary.Route(traffic.RouteKey{Settings: "http", Method: "GET", Path: "/never"})
	if nobody.Attempts != 0 || nobody.Answers.Between(summary.From, summary.To) != 0 || nothing.Answered != 0 {
		t.Errorf("stats of what is not there: %+v, %+v", nobody, nothing)
	}
	diagnose.Conclude(inference.NewCase(summary), bundle)
	if !maps.Equal(members, summary.Members) || !maps.Equal(routes, summary.Routes) {
		t.Errorf("%d members and %d routes became %d and %d", len(members), len(routes), len(summary.Members), len(summary.Routes))
	}
}
