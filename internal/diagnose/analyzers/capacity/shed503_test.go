package capacity_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// Three members shed beyond thirty or so; two instances ask them.
func TestSheddingByThreeMembers(t *testing.T) {
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

// WebSockets are open by day and none by night. For some minutes by day one of four workers of the member is ill, and says 503
// at once to whatever falls to it.
func TestIllWorkerWhileMuchIsOpenIsNoShedding(t *testing.T) {
	s := story.New(t)
	for i := range 600 {
		s.After(time.Second)
		open := 3
		if i >= 300 {
			open = 200
		}
		for n := range 4 {
			if n == i%4 && i >= 400 && i < 460 {
				s.Request(4, story.Active(open+n), story.Took(time.Millisecond), story.Status(503))
			} else {
				s.Request(4, story.Active(open+n), story.Took(100*time.Millisecond))
			}
		}
	}
	story.Spares(t, s.Diagnose(), "g-shed-503")
}

// The member lets each address ask so often, and knows the gateway's instances by theirs. The one that asks more also has the
// WebSockets.
func TestOneInstanceIsRefused(t *testing.T) {
	s := story.New(t)
	for i := range 60 {
		s.After(time.Second)
		for n := range 4 {
			s.Request(4, story.ByInstance(0), story.Active(n%2), story.Took(100*time.Millisecond))
			if n == 3 && i%2 == 0 {
				s.Request(4, story.ByInstance(1), story.Active(300), story.Took(time.Millisecond), story.Status(503))
			} else {
				s.Request(4, story.ByInstance(1), story.Active(300+n), story.Took(100*time.Millisecond))
			}
		}
	}
	story.Spares(t, s.Diagnose(), "g-shed-503")
}

// The same picture without a second instance: what is not known of Azure's records is not nothing.
func TestRefusalsBesideALogWithoutWorkInProgress(t *testing.T) {
	s := story.New(t).Mixed()
	for i := range 60 {
		s.After(time.Second)
		for n := range 4 {
			s.Request(4, story.Lean, story.Took(100*time.Millisecond))
			if n == 3 && i%2 == 0 {
				s.Request(4, story.Active(300), story.Took(time.Millisecond), story.Status(503))
			} else {
				s.Request(4, story.Active(300+n), story.Took(100*time.Millisecond))
			}
		}
	}
	story.Spares(t, s.Diagnose(), "g-shed-503")
}

// Most comes about noon. For half a minute of it a part of what the member asks is away; or it is a page that nobody asks for at
// other times that is in maintenance.
func TestTroubleAtNoonIsNoShedding(t *testing.T) {
	for name, refused := range map[string]func(second, n int) (string, bool){
		"for half a minute": func(i, n int) (string, bool) { return "/a", n == 3 && i >= 400 && i < 430 },
		"one page":          func(_, n int) (string, bool) { return map[bool]string{true: "/checkout", false: "/a"}[n == 9], n == 9 },
	} {
		t.Run(name, func(t *testing.T) {
			s := story.New(t)
			s.Azure = true
			for i := range 500 {
				s.After(time.Second)
				for n := range []int{1, 8, 8, 14}[i/125] {
					if kind, bad := refused(i, n); bad {
						s.Request(4, story.Path(kind), story.Took(time.Millisecond), story.Status(503))
					} else {
						s.Request(4, story.Path(kind), story.Took(100*time.Millisecond))
					}
				}
			}
			story.Spares(t, s.Diagnose(), "g-shed-503")
		})
	}
}

// The backend refuses quickly whenever much comes.
func TestShedding(t *testing.T) {
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

// At the busiest time whatever is in front of the application says 503 to all, for the application is away.
func TestOutageAtTheBusyTimeIsNoShedding(t *testing.T) {
	s := story.New(t)
	s.Azure = true
	for range 100 {
		s.After(time.Second).Request(4, story.Took(100*time.Millisecond))
	}
	for i := range 30 {
		s.After(time.Second)
		for range 10 {
			s.Request(4, story.Took(100*time.Millisecond))
			if i >= 10 && i < 20 {
				s.Records[len(s.Records)-1].Status = 503
				s.Records = s.Records[:len(s.Records)-1]
				s.Request(4, story.Took(time.Millisecond), story.Status(503))
			}
		}
	}
	for range 100 {
		s.After(time.Second).Request(4, story.Took(100*time.Millisecond))
	}
	story.Spares(t, s.Diagnose(), "g-shed-503")
}

// The 503 come from one of two members, which refuses everything for a while; the other one goes on in the busy time.
func TestMemberThatIsInMaintenanceIsNoShedding(t *testing.T) {
	s := story.New(t)
	s.Azure = true
	for i := range 230 {
		s.After(time.Second)
		n := 1
		if i >= 100 && i < 130 {
			n = 10
		}
		for range n {
			s.Request(4, story.Took(100*time.Millisecond))
			if i >= 110 && i < 120 {
				s.Request(5, story.Took(time.Millisecond), story.Status(503))
			} else {
				s.Request(5, story.Took(100*time.Millisecond))
			}
		}
	}
	story.Spares(t, s.Diagnose(), "g-shed-503")
}

// The member refuses when eight or more are in progress, and asks to come back. The traffic is the same in all seconds: the
// test of load has nothing to go by.
func TestSheddingByWorkInProgress(t *testing.T) {
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

// An open breaker answers 503 at once too, but to everyone, and so at little work in progress. What is broken behind the
// member fails one kind of request at once and lets another hang: much is in progress then, and still nobody is shed.
func TestQuick503ThatIsNoShedding(t *testing.T) {
	for name, each := range map[string]func(s *story.Story, i, n int){
		"breaker": func(s *story.Story, i, n int) {
			if i >= 8 && i < 14 {
				s.Request(4, story.Active(0), story.Took(time.Millisecond), story.Status(503))
			} else {
				s.Request(4, story.Active(n), story.Took(300*time.Millisecond))
			}
		},
		"dependency": func(s *story.Story, i, n int) {
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
		},
		"always as much in progress": func(s *story.Story, i, n int) {
			if (i+n)%4 == 0 {
				s.Request(4, story.Active(100+n), story.Took(time.Millisecond), story.Status(503))
			} else {
				s.Request(4, story.Active(100+n), story.Took(300*time.Millisecond))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := story.New(t)
			story.BusySeconds(s, 20, 10, func(i, n int) { each(s, i, n) })
			story.Spares(t, s.Diagnose(), "g-shed-503")
		})
	}
}
