package timing_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// A 504 at the request timeout is the gateway's: of requests that no answer was just below.
func TestEchoAtTheRequestTimeout(t *testing.T) {
	t.Parallel()
	for _, info := range []string{fault.UpstreamTimedOut, fault.NoError, ""} {
		t.Run(info, func(t *testing.T) {
			t.Parallel()
			r := story.Lively(t, 10, story.Echoing(504, 30*time.Second+3*time.Millisecond, info)).Diagnose()
			if got := story.Causes(r); got != "d-hung medium" {
				t.Errorf("%q: found %q", info, got)
			}
			if s := story.StepOf(r, "request-timeout"); s.Result != report.Fail {
				t.Errorf("%q: %+v", info, s)
			}
			for _, f := range r.Findings {
				for _, e := range f.Evidence {
					if strings.Contains(e.Fact, "last third") {
						t.Errorf("a failure is counted as an answer: %s", e.Fact)
					}
				}
			}
		})
	}
}

// Without a document the timer may be the gateway's or the member's own, unless error_info says.
func TestEchoWithoutADocument(t *testing.T) {
	t.Parallel()
	for info, want := range map[string]string{fault.NoError: "", fault.UpstreamTimedOut: "d-hung medium"} {
		t.Run(info, func(t *testing.T) {
			t.Parallel()
			s := story.Lively(t, 10, story.Echoing(504, 30*time.Second+3*time.Millisecond, info))
			s.NoDoc = true
			r := s.Diagnose()
			if got := story.Causes(r); got != want {
				t.Errorf("%s: found %q, want %q", info, got, want)
			}
			if s := story.StepOf(r, "request-timeout"); info == fault.NoError && (s.Result != report.NotKnown ||
				story.Likely(r) != "d-timeout-below-latency") {
				t.Errorf("%+v, open: %s", s, story.Likely(r))
			}
		})
	}
}

// Quick, or never: a longer timeout would change nothing, and the report says so.
func TestHung(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 200 {
		s.After(100 * time.Millisecond)
		if i%20 == 0 {
			s.Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
		} else {
			s.Request(4, story.Took(time.Duration(20+i%60)*time.Millisecond))
		}
	}
	r := s.Diagnose()
	story.Expect(t, r, "d-hung medium 10")
	for _, f := range story.Found(t, r, 0).Fixes {
		if f.Side == "gateway" {
			t.Errorf("a fix on the gateway: %+v", f)
		}
	}
}

// A route stands still for eight seconds, as its database does.
func TestAStandstillIsNotHungRequests(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	story.Steady(s, 100, 100*time.Millisecond)
	for range 30 {
		s.After(250*time.Millisecond).Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
		s.Request(4, story.Path("/static"))
	}
	story.Steady(s, 100, 100*time.Millisecond)
	story.Undecided(t, s, 30)
}

// What times out comes together after quiet times, four at once: the member was asleep then, or its connections were dead.
func TestTimeoutsTogetherAfterQuiet(t *testing.T) {
	t.Parallel()
	for name, quiet := range map[string]time.Duration{"after quiet": time.Minute, "amid traffic": time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":20`, 1)
			for range 12 {
				for range 40 {
					s.After(time.Second).Request(4)
				}
				s.After(quiet)
				for range 4 {
					s.Request(4, story.Fails(story.TimeoutFault, 20*time.Second))
				}
			}
			r := s.Diagnose()
			if found := story.Causes(r); name == "after quiet" && strings.Contains(found, "d-hung") {
				t.Errorf("found %q", found)
			}
		})
	}
}

// One request in twenty-five hangs, whatever it is, amid twenty-five a second: they hang one by one, though each second has its own.
func TestHangsAmidBusyTraffic(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":3`, 1)
	for i := range 1500 {
		s.After(40*time.Millisecond).Request(4+i%2, story.Port(20000+i%40))
		if (i*i+7*i)%25 == 8 {
			s.Request(4+i%2, story.Port(30000+i), story.Fails(story.TimeoutFault, 3*time.Second))
		}
	}
	if found := story.Causes(s.Diagnose()); found != "d-hung medium" {
		t.Errorf("found %q", found)
	}
}

// Four at once hang at two moments, without a quiet time before, while others are answered: whatever held them at such a moment held all four,
// so that two moments are two events, and no sort of request is known to be lost.
func TestFewMomentsAreFewEvents(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 200 {
		s.After(50*time.Millisecond).Request(4, story.Took(time.Duration(20+i%60)*time.Millisecond))
		if i == 60 || i == 130 {
			for range 4 {
				s.After(20*time.Millisecond).Request(4, story.Fails(story.TimeoutFault, 2*time.Second))
				s.Request(4, story.Took(40*time.Millisecond))
				s.Request(4, story.Took(30*time.Millisecond))
			}
		}
	}
	story.Undecided(t, s, 8)
}
