package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

// Closed connections without a common idle age are no idle race, whatever else they are.
func TestClosesAtAnyAgeAreNotAnIdleRace(t *testing.T) {
	s := story.New(t)
	for i := range 30 {
		s.After(700*time.Millisecond).Request(4, story.Reused(time.Duration(50+i*130)*time.Millisecond, i), story.Fails(story.RaceFault, 5*time.Millisecond))
		s.Request(4, story.Reused(time.Duration(i*140)*time.Millisecond, i))
	}
	r := s.Diagnose()
	story.Expect(t, r)
	if r.Undetermined.Failures != 30 {
		t.Errorf("%+v", r.Undetermined)
	}
}

// Connections that had been idle for longer were answered, so no limit stands where the failures cluster.
func TestAnswersBeyondTheLimitRefuteIt(t *testing.T) {
	s := story.New(t)
	for i := range 20 {
		s.After(time.Second).Request(4, story.Reused(2*time.Second-time.Duration(i)*time.Millisecond, i), story.Fails(story.RaceFault, time.Duration(i)*time.Millisecond))
		s.Request(4, story.Reused(3*time.Second, i))
	}
	story.Expect(t, s.Diagnose())
}

// With some attempts getting through it is loss or a full queue, which this evidence cannot tell apart.
func TestSomeConnectsThroughIsNotADrop(t *testing.T) {
	s := story.New(t)
	for i := range 40 {
		s.After(time.Second)
		if i%8 == 3 {
			s.Request(4, story.Fails(story.DropFault, 5*time.Second))
		} else {
			s.Request(4)
		}
	}
	r := s.Diagnose()
	story.Expect(t, r)
	if r.Undetermined.Failures != 5 {
		t.Errorf("%+v", r.Undetermined)
	}
}

// A path that was never answered may hang or may always take too long: nobody can tell from this.
func TestNeverAnsweredIsNotDecided(t *testing.T) {
	s := story.New(t)
	for range 30 {
		s.After(100*time.Millisecond).Request(4, story.Path("/report"), story.Fails(story.TimeoutFault, 2*time.Second))
		s.Request(4)
	}
	r := s.Diagnose()
	story.Expect(t, r)
	if r.Undetermined.Failures != 30 || len(r.Undetermined.Rivals) != 4 {
		t.Errorf("%+v", r.Undetermined)
	}
}

// The same, but the member works on them for long before it ends them, for times that fit no timer well: a limit in the
// server that fires late does that too, and a crash is not claimed.
func TestEndedAfterLongWork(t *testing.T) {
	s := story.New(t)
	for i := range 40 {
		s.After(3 * time.Second).Request(4)
		if i%5 == 0 {
			s.Request(4, story.Path("/report"), story.Fails(story.RaceFault, time.Second+time.Duration(i*i%7)*50*time.Millisecond))
		}
	}
	for _, f := range s.Diagnose().Findings {
		t.Errorf("%s is claimed, %s: %v", f.Cause, f.Confidence, f.Evidence)
	}
}

// Where all is well there is nothing to find: connections are closed when idle and seen before use, answers are slow
// and in time.
func TestHealthyHasNoFinding(t *testing.T) {
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
	var first string
	for range 3 {
		var b strings.Builder
		story.RaceStory(t).Diagnose().Text(&b, 100)
		if first == "" {
			first = b.String()
		} else if b.String() != first {
			t.Fatal("two runs differ")
		}
	}
}

func TestNoEvidence(t *testing.T) {
	s := story.New(t)
	s.NoDoc = true
	r := s.Diagnose()
	story.Expect(t, r)
	if len(r.Missing) != 3 || r.Verdict != nil {
		t.Errorf("%+v", r.Missing)
	}
}
