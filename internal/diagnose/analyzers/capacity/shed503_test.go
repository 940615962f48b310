package capacity_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// Three members shed beyond thirty or so, at two instances of the gateway.
func TestSheddingByThreeMembers(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 40 {
		s.After(time.Second)
		for n := range 36 {
			s.After(2 * time.Millisecond)
			for m := 4; m < 7; m++ {
				if n >= 30+i%2 && i%4 != 0 {
					s.Request(m, story.ByInstance(m%2), story.Active(n), story.Took(time.Millisecond), story.Status(503))
				} else if n < 30 {
					s.Request(m, story.ByInstance(m%2), story.Active(n), story.Took(400*time.Millisecond))
				}
			}
		}
	}
	r := s.Diagnose()
	story.Expect(t, r, "g-shed-503 high 480")
}

// WebSockets are open by day and none by night. By day the member says 503 at once to some requests. If it does so whenever the most
// is in progress, it sheds; if it does so for a minute, to one in four, one of its workers is ill.
func TestIllWorkerWhileMuchIsOpenIsNoShedding(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, whenFull bool) {
		for i := range 600 {
			s.After(time.Second)
			open := 3
			if i >= 300 {
				open = 200
			}
			for n := range 4 {
				refused := n == i%4 && i >= 400 && i < 460
				if whenFull {
					refused = n == 3 && i >= 300
				}
				if refused {
					s.Request(4, story.Active(open+n), story.Took(time.Millisecond), story.Status(503))
				} else {
					s.Request(4, story.Active(open+n), story.Took(100*time.Millisecond))
				}
			}
		}
	}, "g-shed-503")
}

// The member refuses an instance that has WebSockets open at it. If it does so when the most is in progress, it sheds; otherwise it
// may let each address make so many requests only.
func TestOneInstanceIsRefused(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, whenFull bool) {
		active := 300
		if whenFull {
			active = 310
		}
		for i := range 60 {
			s.After(time.Second)
			for n := range 4 {
				s.Request(4, story.ByInstance(0), story.Active(n%2), story.Took(100*time.Millisecond))
				if n == 3 && i%2 == 0 {
					s.Request(4, story.ByInstance(1), story.Active(active), story.Took(time.Millisecond), story.Status(503))
				} else {
					s.Request(4, story.ByInstance(1), story.Active(300+n), story.Took(100*time.Millisecond))
				}
			}
		}
	}, "g-shed-503")
}

// The same without a second instance: Azure's records do not say how much was in progress, which does not mean that nothing was.
func TestRefusalsBesideALogWithoutWorkInProgress(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, whenFull bool) {
		active := 300
		if whenFull {
			active = 310
		}
		s.Mixed()
		for i := range 60 {
			s.After(time.Second)
			for n := range 4 {
				s.Request(4, story.Lean, story.Took(100*time.Millisecond))
				if n == 3 && i%2 == 0 {
					s.Request(4, story.Active(active), story.Took(time.Millisecond), story.Status(503))
				} else {
					s.Request(4, story.Active(300+n), story.Took(100*time.Millisecond))
				}
			}
		}
	}, "g-shed-503")
}

// Most comes about noon. If the member refuses what is beyond seven a second, whenever that comes, it sheds. If it refuses for half a
// minute, what it needs is away; if it refuses one page that nobody requests at other times, that page is in maintenance.
func TestTroubleAtNoonIsNoShedding(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refused func(second, n int) (string, bool)
		sheds   bool
	}{
		"whenever much comes": {func(_, n int) (string, bool) { return "/a", n >= 7 }, true},
		"for half a minute":   {func(i, n int) (string, bool) { return "/a", n == 3 && i >= 400 && i < 430 }, false},
		"one page": {func(_, n int) (string, bool) {
			return map[bool]string{true: "/checkout", false: "/a"}[n == 9],
				n == 9
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Azure = true
			for i := range 500 {
				s.After(time.Second)
				for n := range []int{1, 8, 8, 14}[i/125] {
					if path, bad := c.refused(i, n); bad {
						s.Request(4, story.Path(path), story.Took(time.Millisecond), story.Status(503))
					} else {
						s.Request(4, story.Path(path), story.Took(100*time.Millisecond))
					}
				}
			}
			if r := s.Diagnose(); c.sheds {
				story.Named(t, r, "g-shed-503")
			} else {
				story.Spares(t, r, "g-shed-503")
			}
		})
	}
}

// The backend refuses quickly whenever much comes.
func TestShedding(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 200 {
		s.After(time.Second)
		n := 1
		if i%10 == 0 {
			n = 9
		}
		for j := range n {
			s.Request(4, story.Took(100*time.Millisecond))
			if j > 5 {
				s.Request(4, story.Took(time.Millisecond), story.Status(503))
			}
		}
	}
	story.Expect(t, s.Diagnose(), "g-shed-503 high 60")
}

// At the busiest time something says 503. If it refuses a part of the requests, it sheds; if it refuses all for ten seconds, the
// application behind it is away.
func TestOutageAtTheBusyTimeIsNoShedding(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, aPart bool) {
		s.Azure = true
		for range 100 {
			s.After(time.Second).Request(4, story.Took(100*time.Millisecond))
		}
		for i := range 30 {
			s.After(time.Second)
			for n := range 10 {
				if aPart && n > 6 || !aPart && i >= 10 && i < 20 {
					s.Request(4, story.Took(time.Millisecond), story.Status(503))
				} else {
					s.Request(4, story.Took(100*time.Millisecond))
				}
			}
		}
		for range 100 {
			s.After(time.Second).Request(4, story.Took(100*time.Millisecond))
		}
	}, "g-shed-503")
}

// One of two members says 503 at the busy time. If it refuses a part of the requests, it sheds; if it refuses all for ten seconds,
// while the other one goes on, it is in maintenance.
func TestMemberThatIsInMaintenanceIsNoShedding(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, aPart bool) {
		s.Azure = true
		for i := range 230 {
			s.After(time.Second)
			count := 1
			if i >= 100 && i < 130 {
				count = 10
			}
			for n := range count {
				s.Request(4, story.Took(100*time.Millisecond))
				if aPart && n > 6 || !aPart && i >= 110 && i < 120 {
					s.Request(5, story.Took(time.Millisecond), story.Status(503))
				} else {
					s.Request(5, story.Took(100*time.Millisecond))
				}
			}
		}
	}, "g-shed-503")
}

// The member refuses when eight or more are in progress, and asks to come back. The traffic is the same in all seconds: the
// test of load has nothing to go by.
func TestSheddingByWorkInProgress(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	retryAfter := func(_ *accesslog.Record, a *accesslog.Attempt) { a.RetryAfter = time.Second }
	story.BusySeconds(s, 20, 10, func(i, n int) {
		if n >= 8 && i%2 == 0 {
			s.Request(4, story.Active(n), story.Took(time.Millisecond), story.Status(503), retryAfter)
		} else {
			s.Request(4, story.Active(n%8), story.Took(300*time.Millisecond))
		}
	})
	r := s.Diagnose()
	story.Expect(t, r, "g-shed-503 high 20")
}

// A member that answers 503 at once when eight or more are in progress sheds. An open breaker does so to everyone, and so at little
// work in progress. What is broken behind the member fails one route at once and lets another hang: much is in progress then, and
// still nobody is shed.
func TestQuick503ThatIsNoShedding(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sheds bool
		each  func(s *story.Story, i, n int)
	}{
		"shedding": {true, func(s *story.Story, i, n int) {
			if n >= 8 && i%2 == 0 {
				s.Request(4, story.Active(n), story.Took(time.Millisecond), story.Status(503))
			} else {
				s.Request(4, story.Active(n%8), story.Took(300*time.Millisecond))
			}
		}},
		"breaker": {false, func(s *story.Story, i, n int) {
			if i >= 8 && i < 14 {
				s.Request(4, story.Active(0), story.Took(time.Millisecond), story.Status(503))
			} else {
				s.Request(4, story.Active(n), story.Took(300*time.Millisecond))
			}
		}},
		"dependency": {false, func(s *story.Story, i, n int) {
			switch down := i >= 8 && i < 14; {
			case n%2 == 0 && down:
				s.Request(4, story.Path("/b"), story.Active(20+n), story.Took(time.Millisecond), story.Status(503))
			case n%2 == 0:
				s.Request(4, story.Path("/b"), story.Active(n), story.Took(20*time.Millisecond))
			case down:
				s.Request(4, story.Path("/a"), story.Active(20+n), story.Took(900*time.Millisecond))
			default:
				s.Request(4, story.Path("/a"), story.Active(n), story.Took(20*time.Millisecond))
			}
		}},
		"always as much in progress": {false, func(s *story.Story, i, n int) {
			if (i+n)%4 == 0 {
				s.Request(4, story.Active(100+n), story.Took(time.Millisecond), story.Status(503))
			} else {
				s.Request(4, story.Active(100+n), story.Took(300*time.Millisecond))
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			story.BusySeconds(s, 20, 10, func(i, n int) { c.each(s, i, n) })
			if r := s.Diagnose(); c.sheds {
				story.Named(t, r, "g-shed-503")
			} else {
				story.Spares(t, r, "g-shed-503")
			}
		})
	}
}
