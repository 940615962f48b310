package connections_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// A member that refuses, is held back and answers a probe before its next request was restarted. Without that probe nothing shows it.
func TestHeldBackOverARestart(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{"": "c-restart medium", "tcp_connect": "", "never asked": "", "failed once": ""} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := story.HeldBack(t)
			begin := s.Records[0].Start
			health := map[bool]string{true: "Unknown", false: "Up"}[reason == "tcp_connect"]
			s.Server("10.0.0.6", health, strings.TrimPrefix(reason, "failed once"), "", begin.Add(-time.Hour).Format(time.RFC3339)+" Up")
			if reason != "never asked" {
				s.Probed(s.At)
			}
			if reason == "failed once" {
				s.Servers[0].Causeway.Failures = 1
			}
			r := s.Diagnose()
			if got, _, _ := strings.Cut(story.Causes(r), ", k-hidden"); !strings.HasPrefix(got, want) ||
				want == "" && (strings.Contains(got, "c-restart") || strings.Contains(got, "b-refused")) {
				t.Errorf("%q: found %q", reason, got)
			}
			if want == "" && len(r.Undetermined.Groups) == 0 {
				t.Errorf("%q: nothing is left open", reason)
			}
		})
	}
}

// A member that is stopping and still promises to keep its connections is named as that, within its restart.
func TestDrainThatPromises(t *testing.T) {
	t.Parallel()
	for name, idle := range map[string]time.Duration{"promised": 500 * time.Microsecond, "idle for long": 900 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := range 200 {
				s.After(100 * time.Millisecond).Request(5)
				switch {
				case i == 100 || i == 101 || i == 102:
					s.Request(4, story.Reused(idle+time.Duration(i)*time.Microsecond, i%7),
						story.Fails(story.RaceFault, 400*time.Microsecond))
				case i > 102 && i < 120:
					s.Request(4, story.Fails(story.RefusedFault, time.Millisecond))
				default:
					s.Request(4)
				}
			}
			r := s.Diagnose()
			promised := strings.Contains(fmt.Sprint(r.Findings), "promises to keep connections, and closes them")
			if !strings.HasPrefix(story.Causes(r), "c-restart") || promised != (name == "promised") {
				t.Errorf("%s: found %q, %v", name, story.Causes(r), promised)
			}
		})
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 20 {
		s.After(50 * time.Millisecond).Request(4)
	}
	for i := range 6 { // the process ends with six requests under way
		s.After(2*time.Millisecond).Request(4, story.Reused(time.Duration(i*37)*time.Millisecond, i),
			story.Fails(story.RaceFault, time.Duration(10+i)*time.Millisecond))
	}
	for range 8 {
		s.After(100*time.Millisecond).Request(4, story.Fails(story.RefusedFault, time.Millisecond))
	}
	s.After(time.Second)
	for range 20 {
		s.After(50 * time.Millisecond).Request(4)
	}
	story.Expect(t, s.Diagnose(), "c-restart high 14")
}

// Every third attempt to connect is refused, all the time: an address that several hosts share, one of them dead.
func TestRefusalsAmongAnswersAreNoRestart(t *testing.T) {
	t.Parallel()
	s, n := story.New(t), 0
	for i := range 300 {
		s.After(200 * time.Millisecond)
		if i%3 == 1 {
			s.Request(4, story.Fails(story.RefusedFault, time.Millisecond))
			n++
		} else {
			s.Request(4)
		}
	}
	story.Undecided(t, s, n)
}
