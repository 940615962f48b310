package probes_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

// All members stop at once, show that on their health pages, and are back later: nothing that they share failed.
func TestStopOfAllMembersIsNoDeepProbe(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Doc = story.Probed("/health")
	s.Traffic(20*time.Second, []int{4, 5, 6}, story.Reused(100*time.Millisecond, 5))
	s.OutOfService(10 * time.Second)
	s.Traffic(20*time.Second, []int{4, 5, 6})
	for _, m := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		s.Server(m, "Up", "", "", "2026-11-23T08:00:00Z Up", s.Clock(20*time.Second)+" Down status_mismatch 503",
			s.Clock(30*time.Second)+" Up")
	}
	for _, f := range s.Diagnose().Findings {
		if f.Cause == "a-probe-too-deep" && (f.Confidence == report.High || !strings.Contains(story.RivalsOf(&f), "c-deploy-no-drain")) {
			t.Errorf("%s %s, rivals %s", f.Cause, f.Confidence, story.RivalsOf(&f))
		}
	}
}

// The probes of a pool give up. If its users met errors before, the pool was ill, whatever another pool under the same settings
// answers.
func TestIllPoolBesideAWellOne(t *testing.T) {
	t.Parallel()
	other := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Pool = "canary" }
	story.Twins(t, func(s *story.Story, usersServed bool) {
		s.Doc = strings.Replace(story.Probed("/health"), `{"name":"none"`,
			`{"name":"canary","properties":{"backendAddresses":[{"ipAddress":"10.0.0.9"}]}},{"name":"none"`, 1)
		status := 500
		if usersServed {
			status = 200
		}
		s.Traffic(10*time.Second, []int{4, 5})
		for range 100 {
			s.Request(4, story.Answers(status))
			for range 12 {
				s.Request(9, other)
			}
			s.After(100 * time.Millisecond)
		}
		s.OutOfService(10 * time.Second)
		s.Traffic(20*time.Second, []int{4, 5})
		for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
			s.Server(m, "Up", "", "", "2026-11-23T08:00:00Z Up", s.Clock(20*time.Second)+" Down status_mismatch 503",
				s.Clock(30*time.Second)+" Up")
		}
	}, "a-probe-too-deep", "a-flap-threshold")
}

// Two hiccups are one finding, which says each thing once.
func TestTwoHiccupsAreOneFinding(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Doc = story.Probed("/health")
	for range 2 {
		s.Traffic(20*time.Second, []int{4, 5, 6})
		s.OutOfService(10 * time.Second)
	}
	s.Traffic(20*time.Second, []int{4, 5, 6})
	for _, m := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		s.Server(m, "Up", "", "", "2026-11-23T08:00:00Z Up", s.Clock(20*time.Second)+" Down status_mismatch 503",
			s.Clock(30*time.Second)+" Up",
			s.Clock(50*time.Second)+" Down status_mismatch 503", s.Clock(60*time.Second)+" Up")
	}
	r := s.Diagnose()
	story.Expect(t, r, "a-probe-too-deep medium 200")
	if f := *story.Found(t, r, 0); story.RivalsOf(&f) != "g-dependency-down c-deploy-no-drain" || len(f.RuledOut) != 1 {
		t.Errorf("rivals %s, ruled out %v", story.RivalsOf(&f), f.RuledOut)
	}
}

// The health page of all three needs the database; users who do not need it are served until the probes give up.
func TestHealthPageAsksSharedDependency(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Doc = story.Probed("/health")
	s.Traffic(20*time.Second, []int{4, 5, 6})
	s.OutOfService(10 * time.Second)
	s.Traffic(20*time.Second, []int{4, 5, 6}, story.Reused(10*time.Second, 3))
	for _, m := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		s.Server(m, "Up", "", "", "2026-11-23T08:00:00Z Up", "2026-11-23T09:00:20Z Down status_mismatch 503", "2026-11-23T09:00:30Z Up")
	}
	story.Expect(t, s.Diagnose(), "a-probe-too-deep high 100")
}

// If users met errors too before the probes gave up, the members were as ill as their page said.
func TestHealthPageThatTellsTheTruth(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Doc = story.Probed("/health")
	s.Traffic(10*time.Second, []int{4, 5})
	s.Traffic(10*time.Second, []int{4, 5}, story.Answers(500))
	s.OutOfService(10 * time.Second)
	s.Traffic(20*time.Second, []int{4, 5})
	for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
		s.Server(m, "Up", "", "", "2026-11-23T08:00:00Z Up", "2026-11-23T09:00:20Z Down status_mismatch 503", "2026-11-23T09:00:30Z Up")
	}
	for _, f := range s.Diagnose().Findings {
		if f.Cause == "a-probe-too-deep" {
			t.Errorf("%s %s", f.Cause, f.Confidence)
		}
	}
}
