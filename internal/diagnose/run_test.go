package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

// Where all is well there is nothing to find: connections are closed when idle and seen before use, answers are slow
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
