package capacity_test

import (
	"slices"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

// If it stood still for less, nobody is blamed; and what rests on times alone is a suspicion at most.
func TestGatewayThatStoodStillNowAndThen(t *testing.T) {
	t.Parallel()
	stalled := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Stalled = r.Taken / 5 }
	s := story.New(t)
	s.Traffic(10*time.Second, []int{4})
	for range 10 {
		s.After(3*time.Second).Request(4, story.Fails(story.DropFault, 2*time.Second), stalled)
	}
	story.Expect(t, s.Diagnose())
	s = story.New(t)
	for i := range 40 {
		s.After(3 * time.Second).Request(4)
		if i%5 == 0 {
			s.Request(4, story.Path("/boom"), story.Fails(story.RaceFault, 20*time.Millisecond), stalled)
		}
	}
	story.Expect(t, s.Diagnose(), "g-crash-on-input low 8")
}

func TestCrashOnInput(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 40 {
		s.After(200 * time.Millisecond).Request(4)
		if i%5 == 0 {
			s.Request(4, story.Path("/boom"), story.Fails(story.RaceFault, 3*time.Millisecond))
		}
	}
	r := s.Diagnose()
	story.Expect(t, r, "g-crash-on-input high 8")
	if story.Found(t, r, 0).Scope.Path != "/boom" {
		t.Errorf("%+v", story.Found(t, r, 0).Scope)
	}
}

// On reused connections only, a crash shows where others were answered nearer to any limit that a connection may have;
// where the lost ones were those that had rested longest, or were used most, a limit may have ended them.
func TestCrashOnReusedConnections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		idle time.Duration
		uses int
		want bool
	}{
		"well within every limit": {100 * time.Millisecond, 3, true},
		"the longest idle":        {900 * time.Millisecond, 3, false},
		"the most used":           {100 * time.Millisecond, 30, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := range 40 {
				s.After(200*time.Millisecond).Request(4, story.Reused(time.Duration(i*37%900)*time.Millisecond, i%30))
				if i%5 == 0 {
					s.Request(4, story.Path("/boom"), story.Reused(c.idle+time.Duration(i)*time.Millisecond, c.uses),
						story.Fails(story.RaceFault, 3*time.Millisecond))
				}
			}
			r := s.Diagnose()
			crashed := slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.Cause == "g-crash-on-input" })
			if crashed != c.want {
				t.Errorf("claimed: %v", crashed)
			}
			if c.want {
				story.Expect(t, r, "g-crash-on-input medium 8")
			}
		})
	}
}

// A member that gets hardly any other requests shows nothing by one answer amid many failures, nor by answers that all
// came at one moment, or before and after: it may just as well have dropped whatever came.
func TestOneAnswerIsNoCompany(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string]func(i int) int{
		"one amid":             func(i int) int { return map[bool]int{i == 10: 1}[true] },
		"before and after":     func(i int) int { return map[bool]int{i == -1 || i == 20: 20}[true] },
		"one in four failures": func(i int) int { return map[bool]int{i%4 == 0: 1}[true] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := -1; i <= 20; i++ {
				if s.After(40 * time.Millisecond); i == 0 || i == 20 {
					s.After(300 * time.Millisecond)
				}
				for range answers(i) {
					s.Request(4, story.Path("/ready"))
				}
				if i >= 0 && i < 20 {
					s.Request(4, story.Path("/upload"), story.Fails(story.RaceFault, 3*time.Millisecond))
				}
			}
			r := s.Diagnose()
			story.Expect(t, r)
			if r.Undetermined.Failures != 20 || !slices.Contains(r.Undetermined.Rivals, "g-crash-on-input") {
				t.Errorf("%+v", r.Undetermined)
			}
		})
	}
}

// Something accepts and closes while the application is away; only one path had requests in that time.
func TestAnOutageIsNoCrashOnInput(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	story.Steady(s, 100, 100*time.Millisecond)
	for range 8 {
		s.After(2*time.Second).Request(4, story.Path("/report"), story.Fails(story.RaceFault, 2*time.Millisecond))
	}
	s.After(3 * time.Second)
	story.Steady(s, 100, 100*time.Millisecond)
	story.Undecided(t, s, 8)
}

// A limit on connections closes new ones, and only a rare request needs a new one.
func TestAConnectionLimitIsNoCrashOnInput(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 200 {
		s.After(100*time.Millisecond).Request(4, story.Reused(100*time.Millisecond, i+1))
		if i%40 == 5 {
			s.Request(4, story.Path("/weekly"), story.Fails(story.RaceFault, time.Millisecond))
		}
	}
	story.Undecided(t, s, 5)
}

// Reading is quick, writing to the same path takes longer than the timeout.
func TestAnotherMethodIsAnotherKindOfRequest(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 100 {
		s.After(100*time.Millisecond).Request(4, func(r *accesslog.Record, _ *accesslog.Attempt) { r.Method = []byte("GET") })
		if i%10 == 0 {
			s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
		}
	}
	story.Undecided(t, s, 10)
}
