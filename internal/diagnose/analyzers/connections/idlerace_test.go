package connections_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

// The member closes connections after 20 s. Requests on connections idle for less are answered, those at 20 s are lost.
func TestIdleRaceByPorts(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 120 {
		p := 20000 + i
		gap := time.Duration(3+i*7%13) * time.Second
		lost := i%10 == 9
		if lost {
			gap = 20 * time.Second
		}
		s.After(gap).Request(4, story.Port(p))
		if lost {
			s.After(20*time.Second).Request(4, story.Port(p), story.Fails(story.RaceFault, 2*time.Millisecond))
		} else {
			s.After(gap).Request(4, story.Port(p))
		}
	}
	story.Expect(t, s.Diagnose(), "c-idle-race medium 12")
}

// sweeper is a server that looks for idle connections every so often, and closes those unused for a limit.
type sweeper struct{ limit, every time.Duration }

// ends is the idle age at which it closes a connection last used at a time.
func (w sweeper) ends(used time.Time) time.Duration {
	due := used.Add(w.limit)
	sweep := due.Truncate(w.every)
	if sweep.Before(due) {
		sweep = sweep.Add(w.every)
	}
	return sweep.Sub(used)
}

// sweptStory has requests on connections that such a server keeps: every tenth is picked just before the sweep.
func sweptStory(t *testing.T, w sweeper, n int) *story.Story {
	s := story.New(t)
	random := rand.New(rand.NewPCG(7, 7))
	for i := range n {
		s.After(time.Duration(200+random.IntN(2500)) * time.Millisecond)
		idle := time.Duration(random.Float64() * 1.3 * float64(w.limit+w.every))
		ends := w.ends(s.At.Add(-idle))
		early := time.Duration(1+i%15) * time.Millisecond
		lost := w.ends(s.At.Add(early - w.limit - time.Duration(i)*w.every/time.Duration(n))) // some phase of the sweep
		kind := story.Path([]string{"/a", "/b", "/c"}[i%3])
		switch {
		case i%10 == 0:
			s.Request(4, kind, story.Reused(lost-early, i%9), story.Fails(story.RaceFault, early))
		case idle < ends-15*time.Millisecond:
			s.Request(4, kind, story.Reused(idle, i%11))
		default:
			s.Request(4, kind, func(_ *accesslog.Record, a *accesslog.Attempt) { a.Stale = idle })
		}
	}
	return s
}

// A server without one idle limit races all the same, over a band as wide as its timer's tick.
func TestIdleBands(t *testing.T) {
	t.Parallel()
	ms := time.Millisecond
	for name, w := range map[string]sweeper{
		"a tick of four seconds": {8 * time.Second, 4 * time.Second}, "a tick as long as the limit": {30 * time.Second, 29 * time.Second},
		"a short tick": {33 * time.Second, 6 * time.Second}, "half a minute": {2 * time.Minute, 30 * time.Second},
		"below its own limit": {4500 * ms, 1500 * ms},
		"any other":           {7300 * ms, 2100 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sweptStory(t, w, 400).Diagnose()
			if story.Causes(r) != "c-idle-race high" || r.Undetermined.Failures > 4 {
				t.Errorf("%s: found %q, %d open of %d", name, story.Causes(r), r.Undetermined.Failures, r.Failures)
				return
			}
			fix := story.Found(t, r, 0).Fixes[1].Commands.Causeway
			_, after, _ := strings.Cut(fix, "backendIdleTimeout: ")
			text, _, _ := strings.Cut(after, " ")
			if d, err := time.ParseDuration(text); err != nil || d > w.limit || d < w.limit/2 {
				t.Errorf("%s: the gateway is to give up at %q", name, text)
			}
		})
	}
}

// What is spread over a band for another reason is no idle limit.
func TestNoIdleBand(t *testing.T) {
	t.Parallel()
	w := sweeper{8 * time.Second, 4 * time.Second}
	for name, change := range map[string]func(i int, r *accesslog.Record, a *accesslog.Attempt){
		"answers beyond the band": func(i int, _ *accesslog.Record, a *accesslog.Attempt) {
			if a.Stale >= 0 {
				story.Reused(a.Stale, 3)(nil, a)
				a.Stale, a.Connect = accesslog.Unset, accesslog.Unset
			}
		},
		"losses at every age": func(i int, _ *accesslog.Record, a *accesslog.Attempt) {
			if a.Status == 0 {
				a.Idle = time.Duration(i%50) * 240 * time.Millisecond
			}
		},
		"in a handler's time": func(i int, r *accesslog.Record, a *accesslog.Attempt) {
			if a.Status == 0 {
				a.Idle, a.Total, r.Taken = max(0, a.Idle-time.Duration(i%40)*50*time.Millisecond), 400*time.Millisecond,
					400*time.Millisecond
			}
		},
		"never asked after less": func(i int, _ *accesslog.Record, a *accesslog.Attempt) {
			if a.Status > 0 && a.Reused {
				a.Idle = w.limit + time.Duration(i%40)*100*time.Millisecond
			}
		},
		"one path that is never answered": func(i int, r *accesslog.Record, a *accesslog.Attempt) {
			if a.Status == 0 {
				story.Path("/bad")(r, a)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sweptStory(t, w, 400)
			for i := range s.Records {
				change(i, &s.Records[i], &s.Records[i].Attempts[0])
			}
			if r := s.Diagnose(); strings.Contains(story.Causes(r), "c-idle-race") {
				t.Errorf("%s: found %q: %+v", name, story.Causes(r), story.Found(t, r, 0).Evidence)
			}
		})
	}
}

// Azure's log shows a band to the second.
func TestIdleBandByPorts(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	w := sweeper{32 * time.Second, 8 * time.Second}
	for i := range 160 {
		p := 20000 + i
		s.After(3*time.Second).Request(4, story.Port(p))
		ends, idle := w.ends(s.At), time.Duration(3+i*7%36)*time.Second
		if i%8 == 7 {
			s.After(ends).Request(4, story.Port(p), story.Fails(story.RaceFault, 2*time.Millisecond))
		} else {
			s.After(min(idle, ends-time.Second)).Request(4, story.Port(p))
		}
	}
	r := s.Diagnose()
	if story.Causes(r) != "c-idle-race medium" || r.Failures != story.Found(t, r, 0).Failures {
		t.Errorf("found %q, %d of %d", story.Causes(r), r.Failures-r.Undetermined.Failures, r.Failures)
	}
}

func TestIdleRace(t *testing.T) {
	t.Parallel()
	r := story.Race(t).Diagnose()
	story.Expect(t, r, "c-idle-race high 29")
	f := *story.Found(t, r, 0)
	if f.Scope.Member != "10.0.0.4" || r.Verdict == nil || r.Verdict.Cause != "c-idle-race" {
		t.Errorf("scope %+v, verdict %+v", f.Scope, r.Verdict)
	}
	for _, fix := range f.Fixes {
		if fix.Expected.Removes != [2]int{29, 29} || fix.Expected.Basis != "exact" {
			t.Errorf("%s: %+v", fix.Side, fix.Expected)
		}
	}
	if !strings.Contains(fmt.Sprint(f.Fixes), "backendIdleTimeout: 1.8s") {
		t.Errorf("fixes %+v", f.Fixes)
	}
}

// What a retry hides is diagnosed like what users see.
func TestRecoveredIdleRace(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 60 {
		s.After(900 * time.Millisecond)
		early := time.Duration(1+i%29) * time.Millisecond
		if i%6 == 0 {
			s.Request(4, story.Recovered(story.RaceFault, func(r *accesslog.Record, a *accesslog.Attempt) {
				story.Reused(2*time.Second-early, i)(r, a)
				a.Total = early
			}))
		} else {
			s.Request(4, story.Reused(time.Second, i))
		}
	}
	r := s.Diagnose()
	story.Expect(t, r, "c-idle-race high 0", "k-hidden-by-retry high 0")
	if r.Failures != 0 || r.Recovered != 10 || story.Found(t, r, 0).Recovered != 10 || r.Verdict == nil {
		t.Errorf("%+v", r)
	}
}

// Four failures are too few for a verdict, however well they fit.
func TestFewFailuresGiveNoVerdict(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 4 {
		s.After(3*time.Second).Request(4, story.Reused(1980*time.Millisecond, i+2), story.Fails(story.RaceFault, 20*time.Millisecond))
		s.Request(4)
	}
	r := s.Diagnose()
	story.Expect(t, r)
	if r.Verdict != nil || r.Undetermined.Failures != 4 || r.Undetermined.Rivals[0] != "c-idle-race" {
		t.Errorf("%+v", r.Undetermined)
	}
}

// Two causes at once are two findings, and each failure belongs to one.
func TestTwoCausesAtOnce(t *testing.T) {
	t.Parallel()
	s := story.Race(t)
	for range 6 {
		s.After(time.Second).Request(5, func(r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status = 503, 503 })
	}
	r := s.Diagnose()
	story.Expect(t, r, "c-idle-race high 29", "k-backend-5xx high 6")
	if r.Verdict == nil || r.Verdict.Cause != "c-idle-race" {
		t.Errorf("%+v", r.Verdict)
	}
}

// Requests come every ten seconds, so every connection was idle for ten seconds: also those of a worker that crashes at
// random.
func TestRegularTrafficIsNoIdleLimit(t *testing.T) {
	t.Parallel()
	s, rnd, n := story.New(t), rand.New(rand.NewPCG(1, 1)), 0
	for i := range 300 {
		s.After(10 * time.Second)
		idle := 9990*time.Millisecond + time.Duration(rnd.IntN(40))*time.Millisecond
		if rnd.IntN(10) == 0 {
			s.Request(4, story.Reused(idle, 1+i%9), story.Fails(story.RaceFault, time.Duration(2+rnd.IntN(10))*time.Millisecond))
			n++
		} else {
			s.Request(4, story.Reused(idle, 1+i%9))
		}
	}
	story.Undecided(t, s, n)
}

// Restarts that nobody was refused at, under the same regular traffic.
func TestQuickRestartsAreNoIdleLimit(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 6 {
		story.Steady(s, 50, 100*time.Millisecond)
		s.After(time.Millisecond).Request(4, story.Reused(1000*time.Millisecond, 40+i), story.Fails(story.RaceFault, 2*time.Millisecond))
		s.After(time.Millisecond).Request(4, story.Reused(1003*time.Millisecond, 30+i), story.Fails(story.RaceFault, 2*time.Millisecond))
		s.After(55 * time.Second)
	}
	story.Undecided(t, s, 12)
}

// Closed connections without a common idle age are no idle race, whatever else they are.
func TestClosesAtAnyAgeAreNotAnIdleRace(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 30 {
		s.After(700*time.Millisecond).Request(4, story.Reused(time.Duration(50+i*130)*time.Millisecond, i),
			story.Fails(story.RaceFault, 5*time.Millisecond))
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
	t.Parallel()
	s := story.New(t)
	for i := range 20 {
		s.After(time.Second).Request(4, story.Reused(2*time.Second-time.Duration(i)*time.Millisecond, i),
			story.Fails(story.RaceFault, time.Duration(i)*time.Millisecond))
		s.Request(4, story.Reused(3*time.Second, i))
	}
	story.Expect(t, s.Diagnose())
}

// Connections that are picked together are equally old, and whatever ends all of them at one moment makes their idle ages
// agree: that is no limit.
func TestOneMomentIsNoIdleLimit(t *testing.T) {
	run := func(apart time.Duration) *report.Report {
		s := story.New(t)
		for range 50 {
			s.After(time.Second).Request(4, story.Reused(500*time.Millisecond, 3))
		}
		for i := range 6 {
			s.After(apart).Request(4, story.Reused(5*time.Second-time.Duration(i)*time.Millisecond, 1+i),
				story.Fails(story.RaceFault, time.Duration(2+i)*time.Millisecond))
		}
		return s.Diagnose()
	}
	for apart, want := range map[time.Duration]bool{time.Millisecond: false, 10 * time.Second: true} {
		named := strings.Contains(story.Causes(run(apart)), "c-idle-race")
		if named != want {
			t.Errorf("%v apart: named %v", apart, named)
		}
	}
}
