package capacity_test

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// Long requests of all lengths up to beyond the timeout come to one member, two at a time. If those that time out came when no more
// than usual was in progress, they waited for nobody.
func TestLongRequestsThatWaitForNobody(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, behindOthers bool) {
		for i := range 200 {
			s.After(time.Second)
			ahead := 1 + i/10%2
			if behindOthers {
				ahead = 6
			}
			if i%10 == 3 {
				s.Request(4, story.Path("/report"), waitsInVain(ahead, 0))
			} else {
				s.Request(4, story.Path("/report"), story.Active(i%3), story.Took(time.Duration(200+i*37%1700)*time.Millisecond))
			}
			s.Request(5, story.Path("/quick"), story.Took(5*time.Millisecond))
		}
	}, "g-head-of-line-member")
}

// Much comes at once, and one of two members gets more of the long requests. If requests wait in vain at both, it is too much for all:
// when their time is up, the other member has only just finished.
func TestBurstsThatAreTooMuchForAll(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, otherIdle bool) {
		for i := range 30 {
			s.After(10 * time.Second)
			for n := range 12 {
				for m := 4; m < 6; m++ {
					kind, wait := story.Path("/light"), time.Duration(20+60*n)*time.Millisecond
					if m == 4 && n%4 < 2 {
						kind, wait = story.Path("/heavy"), wait+400*time.Millisecond
					}
					switch {
					case otherIdle && m == 5:
						s.Request(m, kind, story.Active(0), story.Took(20*time.Millisecond))
					case n > 9:
						s.Request(m, kind, waitsInVain(n, i%2))
					default:
						s.Request(m, kind, story.Active(n), story.Took(wait))
					}
				}
			}
		}
	}, "g-head-of-line-member")
}

// A member gets the reports as well, and what else it gets waits behind them. If the reports have a pool of their own, of which it is
// the only member, it was meant to get them.
func TestMemberOfTwoPools(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, onePool bool) {
		s.Doc = strings.Replace(story.Document, `{"name":"none"`,
			`{"name":"reports","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"}]}},{"name":"none"`, 1)
		reports := func(r *accesslog.Record, _ *accesslog.Attempt) {
			if !onePool {
				r.Pool = "reports"
			}
		}
		for i := range 60 {
			s.After(time.Second)
			for range 3 {
				s.Request(4, story.Path("/report"), reports, story.Active(i%3), story.Took(1200*time.Millisecond))
			}
			s.Request(5, story.Path("/a"), story.Took(5*time.Millisecond))
			if i%4 == 0 {
				s.Request(4, story.Path("/a"), waitsInVain(6, 0))
			} else {
				s.Request(4, story.Path("/a"), story.Active(1), story.Took(5*time.Millisecond))
			}
		}
	}, "g-head-of-line-member")
}

// Turns fall so that two of four members get the long requests, in bouts, and work on three at once.
func TestLongRequestsPileUpAtTwoOfFour(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 12 {
		s.After(8 * time.Second)
		for n := range 8 {
			s.After(40 * time.Millisecond)
			for m := 4; m < 6; m++ {
				if n < 5 {
					s.Request(m, story.Path("/export"), story.Active(n), story.Took(time.Duration(650+650*(n/3))*time.Millisecond))
				} else {
					s.Request(m, story.Path("/export"), waitsInVain(n, 1))
				}
				s.Request(m+2, story.Path("/item"), story.Active(n%2), story.Took(8*time.Millisecond))
			}
		}
	}
	story.Expect(t, s.Diagnose(), "g-head-of-line-member high 36", "g-head-of-line-member high 36")
}

// deal is what two members do whose turns fall so that one gets the long requests, or most of them, in bouts.
type deal struct {
	workers int                                    // of each member; 0: as many as it takes
	strays  float64                                // part of the requests that go to the other member
	lock    bool                                   // all long requests need, and that one at a time has
	slow    func(second, member int) time.Duration // times as long as usual
}

// play makes five minutes of it.
func (d deal) play(s *story.Story) {
	type job struct {
		at, end time.Duration
		member  int
		long    bool
	}
	rnd, begin := rand.New(rand.NewSource(1)), s.At
	var jobs []job
	var held time.Duration
	free := map[int][]time.Duration{4: make([]time.Duration, max(1, d.workers)), 5: make([]time.Duration, max(1, d.workers))}
	for at := time.Duration(0); at < 5*time.Minute; {
		pause := 500 * time.Millisecond
		if int(at.Seconds())%20 < 3 {
			pause = 110 * time.Millisecond
		}
		at += time.Duration(rnd.ExpFloat64() * float64(pause))
		for i := range 2 {
			j := job{at: at + time.Duration(i)*10*time.Millisecond, member: 4 + i, long: i == 0}
			if rnd.Float64() < d.strays {
				j.member = 9 - j.member
			}
			need, start := 5*time.Millisecond, j.at
			if j.long {
				need = time.Duration(400+rnd.Intn(400)) * time.Millisecond
			}
			if d.slow != nil {
				need *= d.slow(int(at.Seconds()), j.member)
			}
			queue := free[j.member]
			slices.Sort(queue)
			if d.workers > 0 {
				start = max(start, queue[0])
			}
			if d.lock && j.long {
				start = max(start, held)
				held = start + need
			}
			j.end = start + need
			queue[0] = max(queue[0], j.end)
			jobs = append(jobs, j)
		}
	}
	for _, j := range jobs {
		here, there, gone := 0, 0, min(j.end, j.at+2*time.Second)
		for _, o := range jobs {
			ends := min(o.end, o.at+2*time.Second)
			if o.member == j.member && o.at < j.at && ends > j.at {
				here++
			} else if o.member != j.member && o.at <= gone && ends > gone {
				there++
			}
		}
		s.At = begin.Add(j.at)
		kind := story.Path(map[bool]string{true: "/heavy", false: "/quick"}[j.long])
		if j.end > gone {
			s.Request(j.member, kind, waitsInVain(here, there))
		} else {
			s.Request(j.member, kind, story.Active(here), story.Took(j.end-j.at))
		}
	}
}

// With few workers the long requests wait for each other, and a few that went to the other member did not. Where all wait for
// one lock, are slow at times, or come to a member that is slow itself, no other turn would have helped, or that is not known.
func TestWhatLongRequestsWaitFor(t *testing.T) {
	t.Parallel()
	at := func(times time.Duration, of func(second, member int) bool) func(int, int) time.Duration {
		return func(second, member int) time.Duration {
			if of(second, member) {
				return times
			}
			return 1
		}
	}
	for name, c := range map[string]struct {
		deal
		real bool
	}{
		"workers":           {deal{workers: 3, strays: 0.1}, true},
		"a lock":            {deal{lock: true}, false},
		"a lock, by all":    {deal{lock: true, strays: 0.1}, false},
		"slow times":        {deal{slow: at(3, func(second, _ int) bool { return second%60 < 12 })}, false},
		"slow times of all": {deal{strays: 0.1, slow: at(3, func(second, _ int) bool { return second%60 < 12 })}, false},
		"a slow member":     {deal{strays: 0.1, slow: at(3, func(_, member int) bool { return member == 4 })}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			c.play(s)
			r := s.Diagnose()
			if c.real {
				story.Expect(t, r, fmt.Sprintf("g-head-of-line-member high %d", r.Failures))
			} else {
				story.Spares(t, r, "g-head-of-line-member")
			}
		})
	}
}

// turns deals requests out to two members in turn: every other second the long ones come, and they are dealt by the story.
func turns(s *story.Story, seconds int, each func(second, n int)) {
	for i := range seconds {
		s.After(time.Second)
		for n := range 4 {
			s.After(50 * time.Millisecond)
			each(i, n)
		}
	}
}

// waitsInVain is a request that ran into its timeout with some work in progress at its member, and at the idlest other one.
func waitsInVain(here, there int) story.Change {
	late := story.Fails(story.TimeoutFault, 2*time.Second)
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		late(r, a)
		a.Active, a.Least = here, there
	}
}

// Turns fall so that all long requests come to one member. A member that is slow for everything has much in progress too; a route
// that is slow everywhere waits behind others wherever it goes; and where all members are full no turn would have helped.
func TestMuchInProgressThatIsNoPileUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pilesUp bool
		each    func(s *story.Story, i, n int)
	}{
		"the long ones come to one member": {true, func(s *story.Story, i, n int) {
			switch {
			case n == 0 && i%3 == 0:
				s.Request(4, story.Path("/heavy"), waitsInVain(5, 0))
			case n%2 == 0:
				s.Request(4, story.Path("/heavy"), story.Active(2), story.Took(900*time.Millisecond))
			default:
				s.Request(5, story.Path("/quick"), story.Took(5*time.Millisecond))
			}
		}},
		"the member is slow": {false, func(s *story.Story, i, n int) {
			kind := story.Path([]string{"/a", "/b"}[i%2])
			switch {
			case n == 0 && i%3 == 0:
				s.Request(4, kind, waitsInVain(5, 0))
			case n%2 == 0:
				s.Request(4, kind, story.Active(3), story.Took(900*time.Millisecond))
			default:
				s.Request(5, kind, story.Took(5*time.Millisecond))
			}
		}},
		"the route is slow": {false, func(s *story.Story, i, n int) {
			member := 4 + i%2
			switch {
			case n == 0 && i%3 == 0:
				s.Request(member, story.Path("/heavy"), waitsInVain(2, 0))
			case n%2 == 0:
				s.Request(member, story.Path("/heavy"), story.Took(1500*time.Millisecond))
			default:
				s.Request(9-member, story.Path("/quick"), story.Took(5*time.Millisecond))
			}
		}},
		"all are busy": {false, func(s *story.Story, i, n int) {
			switch {
			case n == 0 && i%3 == 0:
				s.Request(4, story.Path("/heavy"), waitsInVain(9, 8))
			case n%2 == 0:
				s.Request(4, story.Path("/heavy"), story.Active(8), story.Took(900*time.Millisecond))
			default:
				s.Request(5, story.Path("/quick"), story.Active(8), story.Took(5*time.Millisecond))
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			turns(s, 30, func(i, n int) { c.each(s, i, n) })
			if r := s.Diagnose(); c.pilesUp {
				story.Expect(t, r, "g-head-of-line-member high 10")
			} else {
				story.Spares(t, r, "g-head-of-line-member")
			}
		})
	}
}
