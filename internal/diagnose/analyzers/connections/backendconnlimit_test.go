package connections_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// Several members, each with its limit of forty, and TLS to them: the one that is full ends the handshake.
func TestMembersWithLargeLimits(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	ended := fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Closed}
	for i := range 30 {
		s.After(2 * time.Second)
		for n := range 46 {
			s.After(3 * time.Millisecond)
			for m := 4; m < 6; m++ {
				switch {
				case n >= 40 && (i+m)%2 == 0:
					s.Request(m, story.Path([]string{"/a", "/b"}[n%2]), story.Active(n+i%3), story.Fails(ended, 2*time.Millisecond))
				case n < 40 && i%10 == 0:
					s.Request(m, story.Path([]string{"/a", "/b"}[n%2]), story.Active(n), story.Took(300*time.Millisecond))
				case n < 40:
					s.Request(m, story.Path([]string{"/a", "/b"}[n%2]), story.Active(n), story.Reused(time.Second, i),
						story.Took(300*time.Millisecond))
				}
			}
		}
	}
	story.Expect(t, s.Diagnose(), "c-backend-conn-limit high 90", "c-backend-conn-limit high 90")
}

// Ten connections work and what comes beyond them is ended. If the ten were open already, the member takes no more of them; if they
// were made just before, what stands before the member lets ten new ones a second through, however few are open.
func TestRateOfNewConnectionsIsNoLimitOfThem(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, openBefore bool) {
		for i := range 20 {
			s.After(10 * time.Second)
			for n := range 20 {
				s.After(time.Millisecond)
				switch {
				case n < 10 && openBefore && i%4 > 0:
					s.Request(4, story.Active(n), story.Reused(10*time.Second, i), story.Took(300*time.Millisecond))
				case n < 10:
					s.Request(4, story.Active(n), story.Took(300*time.Millisecond))
				default:
					s.Request(4, story.Active(n), story.Fails(story.RaceFault, 2*time.Millisecond))
				}
			}
		}
	}, "c-backend-conn-limit")
}

// Traffic grows, and with it the connections, until something in front of the member lets no new one through any more. That looks as
// if it had all that it takes: no new one works again, however few are in progress.
func TestNewConnectionsThatNeverWorkAgain(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 60 {
		s.After(time.Second)
		for n := range min(4+i/4, 16) {
			s.After(2 * time.Millisecond)
			switch {
			case n < 10 && (i%4 > 0 || n < 4+i/4-1):
				s.Request(4, story.Active(n), story.Reused(700*time.Millisecond, i+1), story.Took(300*time.Millisecond))
			case n < 10:
				s.Request(4, story.Active(n), story.Took(300*time.Millisecond))
			default:
				s.Request(4, story.Active(n), story.Fails(story.RaceFault, time.Millisecond))
			}
		}
	}
	for _, f := range s.Diagnose().Findings {
		if f.Cause == "c-backend-conn-limit" && (f.Confidence == report.High || !strings.Contains(story.RivalsOf(&f), "b-source-blocked")) {
			t.Errorf("%s %s, rivals %s", f.Cause, f.Confidence, story.RivalsOf(&f))
		}
	}
}

// A batch sends twelve requests and then one more, which fails with the twelve in progress. If it is always the same one, which
// nobody ever answered, it kills its worker.
func TestPoisonAtTheEndOfABatchIsNoLimit(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, usualPath bool) {
		path := "/boom"
		if usualPath {
			path = "/a"
		}
		for i := range 15 {
			s.After(20 * time.Second)
			for n := range 12 {
				if i == 0 {
					s.Request(4, story.Active(n), story.Took(500*time.Millisecond))
				} else {
					s.Request(4, story.Active(n), story.Reused(20*time.Second, i), story.Took(500*time.Millisecond))
				}
			}
			s.After(100*time.Millisecond).Request(4, story.Path(path), story.Active(12), story.Fails(story.RaceFault, 3*time.Millisecond))
			s.After(time.Millisecond).Request(4, story.Path(path), story.Active(12), story.Fails(story.RaceFault, 3*time.Millisecond))
		}
	}, "c-backend-conn-limit")
}

// New connections work when little is in progress and end when more is. If the two are of different instances of the gateway, or of
// different gateways, the address of one of them is banned, and lives on the connections it has.
func TestBannedInstanceIsNoLimit(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(busy bool) story.Change{
		"instances": func(busy bool) story.Change { return story.ByInstance(map[bool]int{false: 0, true: 1}[busy]) },
		"gateways":  func(busy bool) story.Change { return story.Of(map[bool]string{false: "/EAST", true: "/WEST"}[busy]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story.Twins(t, func(s *story.Story, same bool) {
				for i := range 40 {
					s.After(time.Second).Request(4, of(false), story.Active(i%2))
					s.After(2 * time.Second)
					for n := range 6 {
						s.Request(4, of(!same), story.Active(n), story.Reused(time.Second, i), story.Took(200*time.Millisecond))
					}
					s.Request(4, of(!same), story.Active(6), story.Fails(story.RaceFault, time.Millisecond))
				}
			}, "c-backend-conn-limit")
		})
	}
}

// New connections work in one log and end in another. If the first log is Azure's, it does not say how much was in progress when
// they worked.
func TestLogWithoutWorkInProgressBesideOneWithIt(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, traced bool) {
		s.Mixed()
		for i := range 40 {
			if traced {
				s.After(time.Second).Request(4, story.Active(i%2))
			} else {
				s.After(time.Second).Request(4, story.Lean)
			}
			s.After(2 * time.Second)
			for n := range 6 {
				s.Request(4, story.Active(n), story.Reused(time.Second, i), story.Took(200*time.Millisecond))
			}
			s.Request(4, story.Active(6), story.Fails(story.RaceFault, time.Millisecond))
		}
	}, "c-backend-conn-limit")
}

// fullMember is a member that takes few connections: what comes when it has them is ended at once. How the last ones end, and
// on how many connections that had been in use, is for each story to say.
func fullMember(s *story.Story, seconds int, beyond func(i, active int)) {
	for i := range seconds {
		s.After(time.Second)
		for n := range 9 {
			s.After(2 * time.Millisecond)
			switch {
			case n < 6 && i%3 == 0:
				s.Request(4, story.Active(n), story.Took(300*time.Millisecond))
			case n < 6:
				s.Request(4, story.Active(n), story.Reused(700*time.Millisecond, i), story.Took(300*time.Millisecond))
			default:
				beyond(i, n)
			}
		}
	}
}

// New connections end when six requests are in progress. What ends them at any number, ends busy ones too, or answers nobody, is no
// limit of connections.
func TestEndsOfNewConnectionsThatAreNoLimit(t *testing.T) {
	t.Parallel()
	t.Run("a limit", func(t *testing.T) {
		t.Parallel()
		s := story.New(t)
		fullMember(s, 12, func(_, n int) { s.Request(4, story.Active(n), story.Fails(story.RaceFault, time.Millisecond)) })
		story.Expect(t, s.Diagnose(), "c-backend-conn-limit high 36")
	})
	for name, beyond := range map[string]func(*story.Story, int, int){
		"as often when there is little to do": func(s *story.Story, i, n int) {
			s.Request(4, story.Active((i+n)%6), story.Fails(story.RaceFault, time.Millisecond))
		},
		"busy connections are cut with them": func(s *story.Story, i, n int) {
			s.Request(4, story.Active(n), story.Fails(story.RaceFault, time.Millisecond))
			s.Request(4, story.Active(n), story.Reused(time.Millisecond, i+1), story.Fails(story.RaceFault, time.Millisecond))
		},
		"one bad second": func(s *story.Story, i, n int) {
			if i == 5 {
				s.Request(4, story.Active(n), story.Fails(story.RaceFault, time.Millisecond))
				s.Request(4, story.Active(n), story.Fails(story.RaceFault, time.Millisecond))
			}
		},
		"nobody is answered then": func(s *story.Story, i, n int) {
			if n == 6 {
				s.After(10 * time.Second)
			}
			s.Request(4, story.Active(n), story.Fails(story.RaceFault, time.Millisecond))
			if n == 8 {
				s.After(10 * time.Second)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			fullMember(s, 12, func(i, n int) { beyond(s, i, n) })
			story.Spares(t, s.Diagnose(), "c-backend-conn-limit")
		})
	}
}

// New connections end at the busiest times. If connections that carried requests are cut with them, the member restarts.
func TestRestartAtBusyTimeIsNoLimit(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, busyOnesLive bool) {
		for i := range 20 {
			s.After(time.Second)
			for n := range 8 {
				busy := i%5 == 4 && n > 3
				switch {
				case busy && !busyOnesLive:
					s.Request(4, story.Active(n), story.Reused(time.Second, i), story.Fails(fault.Fault{
						Side:  fault.Backend,
						Phase: fault.Wait,
						Kind:  fault.Reset,
					}, 100*time.Millisecond))
				case i%5 == 0:
					s.Request(4, story.Active(n%4), story.Took(200*time.Millisecond))
				default:
					s.Request(4, story.Active(n), story.Reused(time.Second, i), story.Took(200*time.Millisecond))
				}
				if busy {
					s.Request(4, story.Active(n), story.Fails(story.RaceFault, time.Millisecond))
				}
			}
		}
	}, "c-backend-conn-limit")
}
