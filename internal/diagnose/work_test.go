package diagnose

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// active says how many other requests were in progress at the member.
func active(n int) change2 {
	return func(_ *accesslog.Record, a *accesslog.Attempt) { a.Active = n }
}

// pageOf makes an error the page of a proxy.
func pageOf(product string) change2 {
	return func(_ *accesslog.Record, a *accesslog.Attempt) { a.Page = product }
}

// fullMember is a member that takes few connections: what comes when it has them is ended at once. How the last ones end, and
// on how many connections that had been in use, is for each story to say.
func fullMember(s *story, seconds int, beyond func(i, active int)) {
	for i := range seconds {
		s.after(time.Second)
		for n := range 9 {
			s.after(2 * time.Millisecond)
			switch {
			case n < 6 && i%3 == 0:
				s.request(4, active(n), took(300*time.Millisecond))
			case n < 6:
				s.request(4, active(n), reused(700*time.Millisecond, i), took(300*time.Millisecond))
			default:
				beyond(i, n)
			}
		}
	}
}

func TestMemberWithALimitOfConnections(t *testing.T) {
	s := newStory(t)
	fullMember(s, 12, func(_, n int) { s.request(4, active(n), fails(raceFault, time.Millisecond)) })
	expect(t, s.diagnose(), "c-backend-conn-limit high 36")
}

// What ends new connections at any number, ends busy ones too, or answers nobody, is no limit of connections.
func TestEndsOfNewConnectionsThatAreNoLimit(t *testing.T) {
	for name, beyond := range map[string]func(*story, int, int){
		"as often when there is little to do": func(s *story, i, n int) { s.request(4, active((i+n)%6), fails(raceFault, time.Millisecond)) },
		"busy connections are cut with them": func(s *story, i, n int) {
			s.request(4, active(n), fails(raceFault, time.Millisecond))
			s.request(4, active(n), reused(time.Millisecond, i+1), fails(raceFault, time.Millisecond))
		},
		"one bad second": func(s *story, i, n int) {
			if i == 5 {
				s.request(4, active(n), fails(raceFault, time.Millisecond))
				s.request(4, active(n), fails(raceFault, time.Millisecond))
			}
		},
		"nobody is answered then": func(s *story, i, n int) {
			if n == 6 {
				s.after(10 * time.Second)
			}
			s.request(4, active(n), fails(raceFault, time.Millisecond))
			if n == 8 {
				s.after(10 * time.Second)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			fullMember(s, 12, func(i, n int) { beyond(s, i, n) })
			spares(t, s.diagnose(), "c-backend-conn-limit")
		})
	}
}

// busySeconds have requests of two kinds, the later ones of each second with more in progress.
func busySeconds(s *story, seconds, level int, each func(second, active int)) {
	for i := range seconds {
		s.after(time.Second)
		for n := range level {
			s.after(2 * time.Millisecond)
			each(i, n)
		}
	}
}

// The member refuses when eight or more are in progress, and asks to come back. The traffic is the same in all seconds: the
// test of load has nothing to go by.
func TestSheddingByWorkInProgress(t *testing.T) {
	s := newStory(t)
	retryAfter := func(_ *accesslog.Record, a *accesslog.Attempt) { a.RetryAfter = time.Second }
	busySeconds(s, 20, 10, func(i, n int) {
		if n >= 8 && i%2 == 0 {
			s.request(4, active(n), took(time.Millisecond), status(503), retryAfter)
		} else {
			s.request(4, active(n%8), took(300*time.Millisecond))
		}
	})
	r := s.diagnose()
	expect(t, r, "g-shed-503 high 20")
}

// An open breaker answers 503 at once too, but to everyone, and so at little work in progress. What is broken behind the
// member fails one kind of request at once and lets another hang: much is in progress then, and still nobody is shed.
func TestQuick503ThatIsNoShedding(t *testing.T) {
	for name, each := range map[string]func(s *story, i, n int){
		"breaker": func(s *story, i, n int) {
			if i >= 8 && i < 14 {
				s.request(4, active(0), took(time.Millisecond), status(503))
			} else {
				s.request(4, active(n), took(300*time.Millisecond))
			}
		},
		"dependency": func(s *story, i, n int) {
			switch down := i >= 8 && i < 14; {
			case n%2 == 0 && down:
				s.request(4, path("/b"), active(20+n), took(time.Millisecond), status(503))
			case n%2 == 0:
				s.request(4, path("/b"), active(n), took(20*time.Millisecond))
			case down:
				s.request(4, path("/a"), active(20+n), took(900*time.Millisecond))
			default:
				s.request(4, path("/a"), active(n), took(20*time.Millisecond))
			}
		},
		"always as much in progress": func(s *story, i, n int) {
			if (i+n)%4 == 0 {
				s.request(4, active(100+n), took(time.Millisecond), status(503))
			} else {
				s.request(4, active(100+n), took(300*time.Millisecond))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			busySeconds(s, 20, 10, func(i, n int) { each(s, i, n) })
			spares(t, s.diagnose(), "g-shed-503")
		})
	}
}

// Two products say by their pages that what is behind them failed; the application's own errors are another matter.
func TestErrorPagesOfProxies(t *testing.T) {
	s := newStory(t)
	for range 10 {
		s.after(time.Second).request(4, status(502), pageOf("nginx"))
		s.request(5, status(503), pageOf("Envoy"))
		s.request(6, status(500))
		s.request(6)
	}
	r := s.diagnose()
	expect(t, r, "k-backend-5xx high 10", "k-chained-proxy high 10", "k-chained-proxy high 10")
	if f := r.Findings[1]; len(f.Evidence) == 0 || f.Scope.Pool != "web" {
		t.Errorf("%+v", f)
	}
}

// A restart at the busiest time cuts what is there, and what comes meanwhile: that is told as a restart still.
func TestRestartAtBusyTimeIsNoLimit(t *testing.T) {
	s := newStory(t)
	for i := range 20 {
		s.after(time.Second)
		for n := range 8 {
			if i%5 == 4 && n > 3 {
				s.request(4, active(n), reused(time.Second, i), fails(fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Reset}, 100*time.Millisecond))
				s.request(4, active(n), fails(raceFault, time.Millisecond))
			} else {
				s.request(4, active(n), took(200*time.Millisecond))
			}
		}
	}
	spares(t, s.diagnose(), "c-backend-conn-limit")
}

// turns deals requests out to two members in turn: every other second the long ones come, and they are dealt by the story.
func turns(s *story, seconds int, each func(second, n int)) {
	for i := range seconds {
		s.after(time.Second)
		for n := range 4 {
			s.after(50 * time.Millisecond)
			each(i, n)
		}
	}
}

// waitsInVain is a request that ran into its timeout with some work in progress at its member, and at the idlest other one.
func waitsInVain(here, there int) change2 {
	late := fails(timeoutFault, 2*time.Second)
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		late(r, a)
		a.Active, a.Least = here, there
	}
}

// The turns fall so that all long requests come to one member. Quick ones of the same kind take no longer there than elsewhere.
func TestLongRequestsPileUpAtOneMember(t *testing.T) {
	s := newStory(t)
	turns(s, 30, func(i, n int) {
		switch {
		case n == 0 && i%3 == 0:
			s.request(4, path("/heavy"), waitsInVain(5, 0))
		case n%2 == 0:
			s.request(4, path("/heavy"), active(2), took(900*time.Millisecond))
		default:
			s.request(5, path("/quick"), took(5*time.Millisecond))
		}
	})
	expect(t, s.diagnose(), "g-head-of-line-member high 10")
}

// A member that is slow for everything has much in progress too; a kind of request that is slow everywhere waits behind
// others wherever it goes; and where all members are full no turn would have helped.
func TestMuchInProgressThatIsNoPileUp(t *testing.T) {
	for name, each := range map[string]func(s *story, i, n int){
		"the member is slow": func(s *story, i, n int) {
			kind := path([]string{"/a", "/b"}[i%2])
			switch {
			case n == 0 && i%3 == 0:
				s.request(4, kind, waitsInVain(5, 0))
			case n%2 == 0:
				s.request(4, kind, active(3), took(900*time.Millisecond))
			default:
				s.request(5, kind, took(5*time.Millisecond))
			}
		},
		"the kind is slow": func(s *story, i, n int) {
			member := 4 + i%2
			switch {
			case n == 0 && i%3 == 0:
				s.request(member, path("/heavy"), waitsInVain(2, 0))
			case n%2 == 0:
				s.request(member, path("/heavy"), took(1500*time.Millisecond))
			default:
				s.request(9-member, path("/quick"), took(5*time.Millisecond))
			}
		},
		"all are busy": func(s *story, i, n int) {
			switch {
			case n == 0 && i%3 == 0:
				s.request(4, path("/heavy"), waitsInVain(9, 8))
			case n%2 == 0:
				s.request(4, path("/heavy"), active(8), took(900*time.Millisecond))
			default:
				s.request(5, path("/quick"), active(8), took(5*time.Millisecond))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			turns(s, 30, func(i, n int) { each(s, i, n) })
			spares(t, s.diagnose(), "g-head-of-line-member")
		})
	}
}

// A member that gets other kinds of requests than its equals is not slower than they are: nothing can be compared.
func TestOtherKindsAreNoNoise(t *testing.T) {
	s := newStory(t)
	turns(s, 60, func(i, n int) {
		switch {
		case n == 0 && i%3 == 0:
			s.request(4, path("/report"), waitsInVain(0, 0))
		case n%2 == 0:
			s.request(4, path("/report"), took(1800*time.Millisecond))
		default:
			s.request(5, path("/quick"), took(5*time.Millisecond))
		}
	})
	spares(t, s.diagnose(), "g-noisy-member")
}
