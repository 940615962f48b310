package timing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The supervisor ends workers at five seconds; the same requests are answered when they are quicker.
func TestWorkersThatAreKilled(t *testing.T) {
	t.Parallel()
	for _, always := range []bool{false, true} {
		t.Run(fmt.Sprintf("always %t", always), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":30`, 1)
			for i := range 40 {
				s.After(700*time.Millisecond).Request(4, story.Took(20*time.Millisecond))
				if !always {
					s.Request(4, story.Path("/render"), story.Took(time.Duration(1000+i*90)*time.Millisecond))
				}
				if i%4 == 0 {
					s.Request(4, story.Path("/render"), story.Fails(story.RaceFault, 5*time.Second+time.Duration(i%3)*time.Millisecond))
				}
			}
			if always { // then the requests themselves may end the worker
				story.Expect(t, s.Diagnose())
			} else {
				story.Expect(t, s.Diagnose(), "d-worker-timeout-kill medium 10")
			}
		})
	}
}

// 502s alone at one time, with no word of the gateway's and no document, may be a worker's timer or the gateway's.
func TestOneTimerWithoutAWord(t *testing.T) {
	t.Parallel()
	for info, want := range map[string]string{"": "", fault.UpstreamClosed: "d-worker-timeout-kill medium"} {
		t.Run(info, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			s.NoDoc = true
			for i := range 300 {
				if s.After(2 * time.Second); i%20 == 7 {
					s.Request(4, story.Fails(story.RaceFault, 20*time.Second+4*time.Millisecond),
						func(r *accesslog.Record, _ *accesslog.Attempt) { r.ErrorInfo = info })
				} else {
					s.Request(4, story.Took(time.Duration(i%190)*100*time.Millisecond))
				}
			}
			if r := s.Diagnose(); story.Causes(r) != want {
				t.Errorf("%q: found %q, open %q", info, story.Causes(r), story.Likely(r))
			}
		})
	}
}

// Connections are made anew for each request, and cut at an age: that is no supervisor's doing.
func TestMaximumAgeOfConnections(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":60`, 1)
	for i := range 40 {
		s.After(time.Second).Request(4, story.Path("/render"), story.Took(time.Duration(1+i%28)*time.Second))
		if i%4 == 0 {
			s.Request(4, story.Path("/render"), story.Fails(story.RaceFault, 30*time.Second+time.Duration(i)*time.Millisecond))
		}
	}
	for _, f := range s.Diagnose().Findings {
		if f.Cause == "d-worker-timeout-kill" && !strings.Contains(story.RivalsOf(&f), "c-max-age") {
			t.Errorf("%s %s, rivals %s", f.Cause, f.Confidence, story.RivalsOf(&f))
		}
	}
}

// A path that is never answered ends at one age forty times: by a clock if the ages agree to a hundredth, by the work if they only come near.
func TestWorkersKilledByTheClock(t *testing.T) {
	t.Parallel()
	clock := []string{"d-worker-timeout-kill medium 40"}
	for name, c := range map[string]struct {
		age, spread time.Duration
		want        []string
	}{
		"a clock":  {time.Second, time.Millisecond, clock},
		"the work": {time.Second, 40 * time.Millisecond, nil},
		"at once":  {0, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":30`, 1)
			for i := range 200 {
				s.After(700 * time.Millisecond).Request(4 + i%2)
				if i%5 == 0 {
					s.Request(4+i%2, story.Path("/render"), story.Fails(story.RaceFault, c.age+time.Duration(i%7)*c.spread))
				}
			}
			story.Expect(t, s.Diagnose(), c.want...)
		})
	}
}

// On the first generation nothing shows that there was a connection: a fixed time may be the gateway's own limit for making one.
func TestFixedTimeWithoutAConnection(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":30`, 1)
	for i := range 120 {
		s.After(time.Second)
		if i%4 == 0 {
			s.Request(4, story.Path("/render"), story.Fails(story.RaceFault, 15*time.Second+time.Duration(i)*time.Millisecond), story.FirstGeneration)
		} else {
			s.Request(4, story.FirstGeneration)
		}
	}
	r := s.Diagnose()
	if found := story.Causes(r); found != "" || !slices.Contains(r.Undetermined.Rivals, "c-accept-queue") {
		t.Errorf("found %q, perhaps %v", found, r.Undetermined.Rivals)
	}
}
