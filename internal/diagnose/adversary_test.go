package diagnose

import (
	"fmt"
	"math/rand"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// What is in progress, the page of an error, one member of several and a step in traffic each point at a cause; here they
// do so in vain.

// byInstance says which instance of the gateway it was.
func byInstance(n int) change2 {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Instance = fmt.Sprintf("appgw_%d", n) }
}

// lean is a record as Azure writes it, without the trace.
func lean(r *accesslog.Record, _ *accesslog.Attempt) { r.Listener = "lean" }

// mixed leaves the trace out of the records that are lean.
func (s *story) mixed() *story { s.lean = true; return s }

// Several members, each with its limit of forty, and TLS to them: the one that is full ends the handshake.
func TestMembersWithLargeLimits(t *testing.T) {
	s := newStory(t)
	ended := fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Closed}
	for i := range 30 {
		s.after(2 * time.Second)
		for n := range 46 {
			s.after(3 * time.Millisecond)
			for m := 4; m < 6; m++ {
				switch {
				case n >= 40 && (i+m)%2 == 0:
					s.request(m, path([]string{"/a", "/b"}[n%2]), active(n+i%3), fails(ended, 2*time.Millisecond))
				case n < 40 && i%10 == 0:
					s.request(m, path([]string{"/a", "/b"}[n%2]), active(n), took(300*time.Millisecond))
				case n < 40:
					s.request(m, path([]string{"/a", "/b"}[n%2]), active(n), reused(time.Second, i), took(300*time.Millisecond))
				}
			}
		}
	}
	expect(t, s.diagnose(), "c-backend-conn-limit high 90", "c-backend-conn-limit high 90")
}

// Many come at once every ten seconds. What stands before the member lets ten new connections a second through and ends the
// rest, however few are open.
func TestRateOfNewConnectionsIsNoLimitOfThem(t *testing.T) {
	s := newStory(t)
	for range 20 {
		s.after(10 * time.Second)
		for n := range 20 {
			s.after(time.Millisecond)
			if n < 10 {
				s.request(4, active(n), took(300*time.Millisecond))
			} else {
				s.request(4, active(n), fails(raceFault, 2*time.Millisecond))
			}
		}
	}
	spares(t, s.diagnose(), "c-backend-conn-limit")
}

// Traffic grows, and with it the connections, until whoever guards the member lets no new one through any more. That looks as
// if it had all that it takes: no new one works again, however few are in progress.
func TestNewConnectionsThatNeverWorkAgain(t *testing.T) {
	s := newStory(t)
	for i := range 60 {
		s.after(time.Second)
		for n := range min(4+i/4, 16) {
			s.after(2 * time.Millisecond)
			switch {
			case n < 10 && (i%4 > 0 || n < 4+i/4-1):
				s.request(4, active(n), reused(700*time.Millisecond, i+1), took(300*time.Millisecond))
			case n < 10:
				s.request(4, active(n), took(300*time.Millisecond))
			default:
				s.request(4, active(n), fails(raceFault, time.Millisecond))
			}
		}
	}
	for _, f := range s.diagnose().Findings {
		if f.Cause == "c-backend-conn-limit" && (f.Confidence == High || !strings.Contains(rivalsOf(&f), "b-source-blocked")) {
			t.Errorf("%s %s, rivals %s", f.Cause, f.Confidence, rivalsOf(&f))
		}
	}
}

// A batch asks for twenty things and then for the one that kills its worker, always with the twenty in progress.
func TestPoisonAtTheEndOfABatchIsNoLimit(t *testing.T) {
	s := newStory(t)
	for i := range 15 {
		s.after(20 * time.Second)
		for n := range 12 {
			if i == 0 {
				s.request(4, active(n), took(500*time.Millisecond))
			} else {
				s.request(4, active(n), reused(20*time.Second, i), took(500*time.Millisecond))
			}
		}
		s.after(100*time.Millisecond).request(4, path("/boom"), active(12), fails(raceFault, 3*time.Millisecond))
		s.after(time.Millisecond).request(4, path("/boom"), active(12), fails(raceFault, 3*time.Millisecond))
	}
	spares(t, s.diagnose(), "c-backend-conn-limit")
}

// One instance of the gateway, which has little to do, makes connections as it likes; the address of the other one is banned,
// and lives on the connections it has.
func TestBannedInstanceIsNoLimit(t *testing.T) {
	for name, apart := range map[string][2]change2{
		"instances": {byInstance(0), byInstance(1)},
		"gateways":  {of("/EAST"), of("/WEST")},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			for i := range 40 {
				s.after(time.Second).request(4, apart[0], active(i%2))
				for n := range 6 {
					s.request(4, apart[1], active(n), reused(time.Second, i), took(200*time.Millisecond))
				}
				s.request(4, apart[1], active(6), fails(raceFault, time.Millisecond))
			}
			spares(t, s.diagnose(), "c-backend-conn-limit")
		})
	}
}

// The log of a gateway on Azure, which does not say what is in progress, lies beside that of a Causeway that nothing new gets
// through to the member.
func TestLogWithoutWorkInProgressBesideOneWithIt(t *testing.T) {
	s := newStory(t).mixed()
	for i := range 40 {
		s.after(time.Second).request(4, lean)
		for n := range 6 {
			s.request(4, active(n), reused(time.Second, i), took(200*time.Millisecond))
		}
		s.request(4, active(6), fails(raceFault, time.Millisecond))
	}
	spares(t, s.diagnose(), "c-backend-conn-limit")
}

// Three members shed beyond thirty or so; two instances ask them.
func TestSheddingByThreeMembers(t *testing.T) {
	s := newStory(t)
	for i := range 40 {
		s.after(time.Second)
		for n := range 36 {
			s.after(2 * time.Millisecond)
			for m := 4; m < 7; m++ {
				if n >= 30+i%2 && i%4 != 0 {
					s.request(m, byInstance(m%2), active(n), took(time.Millisecond), status(503))
				} else if n < 30 {
					s.request(m, byInstance(m%2), active(n), took(400*time.Millisecond))
				}
			}
		}
	}
	r := s.diagnose()
	expect(t, r, "g-shed-503 high 480")
}

// WebSockets are open by day and none by night. For some minutes by day one of four workers of the member is ill, and says 503
// at once to whatever falls to it.
func TestIllWorkerWhileMuchIsOpenIsNoShedding(t *testing.T) {
	s := newStory(t)
	for i := range 600 {
		s.after(time.Second)
		open := 3
		if i >= 300 {
			open = 200
		}
		for n := range 4 {
			if n == i%4 && i >= 400 && i < 460 {
				s.request(4, active(open+n), took(time.Millisecond), status(503))
			} else {
				s.request(4, active(open+n), took(100*time.Millisecond))
			}
		}
	}
	spares(t, s.diagnose(), "g-shed-503")
}

// The member lets each address ask so often, and knows the gateway's instances by theirs. The one that asks more also has the
// WebSockets.
func TestOneInstanceIsRefused(t *testing.T) {
	s := newStory(t)
	for i := range 60 {
		s.after(time.Second)
		for n := range 4 {
			s.request(4, byInstance(0), active(n%2), took(100*time.Millisecond))
			if n == 3 && i%2 == 0 {
				s.request(4, byInstance(1), active(300), took(time.Millisecond), status(503))
			} else {
				s.request(4, byInstance(1), active(300+n), took(100*time.Millisecond))
			}
		}
	}
	spares(t, s.diagnose(), "g-shed-503")
}

// The same picture without a second instance: what is not known of Azure's records is not nothing.
func TestRefusalsBesideALogWithoutWorkInProgress(t *testing.T) {
	s := newStory(t).mixed()
	for i := range 60 {
		s.after(time.Second)
		for n := range 4 {
			s.request(4, lean, took(100*time.Millisecond))
			if n == 3 && i%2 == 0 {
				s.request(4, active(300), took(time.Millisecond), status(503))
			} else {
				s.request(4, active(300+n), took(100*time.Millisecond))
			}
		}
	}
	spares(t, s.diagnose(), "g-shed-503")
}

// Most comes about noon. For half a minute of it a part of what the member asks is away; or it is a page that nobody asks for at
// other times that is in maintenance.
func TestTroubleAtNoonIsNoShedding(t *testing.T) {
	for name, refused := range map[string]func(second, n int) (string, bool){
		"for half a minute": func(i, n int) (string, bool) { return "/a", n == 3 && i >= 400 && i < 430 },
		"one page":          func(_, n int) (string, bool) { return map[bool]string{true: "/checkout", false: "/a"}[n == 9], n == 9 },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			s.azure = true
			for i := range 500 {
				s.after(time.Second)
				for n := range []int{1, 8, 8, 14}[i/125] {
					if kind, bad := refused(i, n); bad {
						s.request(4, path(kind), took(time.Millisecond), status(503))
					} else {
						s.request(4, path(kind), took(100*time.Millisecond))
					}
				}
			}
			spares(t, s.diagnose(), "g-shed-503")
		})
	}
}

// Quick pages come from a cache in five milliseconds; a refusal takes fifteen. That is no longer "sooner than anything else".
func TestQuickRefusalsAreCalledWhatTheyAre(t *testing.T) {
	s := newStory(t)
	busySeconds(s, 20, 10, func(i, n int) {
		if n >= 8 && i%2 == 0 {
			s.request(4, active(n), took(15*time.Millisecond), status(503))
		} else {
			s.request(4, active(n%8), took(5*time.Millisecond))
		}
	})
	if text := textOf(t, s.diagnose()); strings.Contains(text, "sooner than it answers") {
		t.Error("refusals that take three times as long as answers are called sooner")
	}
}

// An application hands on what a supplier told it, error page and all. It is no proxy; the page is true all the same.
func TestPageThatAnApplicationHandsOn(t *testing.T) {
	s := newStory(t)
	for range 10 {
		s.after(time.Second).request(4, path("/pay"), status(502), pageOf("nginx"))
		s.request(4)
	}
	r := s.diagnose()
	expect(t, r, "k-chained-proxy high 10")
	if text := fmt.Sprint(r.Findings[0]); strings.Contains(text, "stands at the member's address") && !strings.Contains(text, "or behind") {
		t.Errorf("where the proxy stands is not known: %s", text)
	}
}

// Long requests of all lengths up to beyond the timeout come to one member, by turns, two at a time; it has workers enough.
func TestLongRequestsThatWaitForNobody(t *testing.T) {
	s := newStory(t)
	for i := range 200 {
		s.after(time.Second)
		if i%10 == 3 {
			s.request(4, path("/report"), waitsInVain(1+i/10%2, 0))
		} else {
			s.request(4, path("/report"), active(i%3), took(time.Duration(200+i*37%1700)*time.Millisecond))
		}
		s.request(5, path("/quick"), took(5*time.Millisecond))
	}
	spares(t, s.diagnose(), "g-head-of-line-member")
}

// Much comes at once, too much for both members, and requests wait in vain at both. That one of them got more of the long ones
// makes no difference; when their time is up, the other one has just finished.
func TestBurstsThatAreTooMuchForAll(t *testing.T) {
	s := newStory(t)
	for i := range 30 {
		s.after(10 * time.Second)
		for n := range 12 {
			for m := 4; m < 6; m++ {
				kind, wait := path("/light"), time.Duration(20+60*n)*time.Millisecond
				if m == 4 && n%4 < 2 {
					kind, wait = path("/heavy"), wait+400*time.Millisecond
				}
				if n > 9 {
					s.request(m, kind, waitsInVain(n, i%2))
				} else {
					s.request(m, kind, active(n), took(wait))
				}
			}
		}
	}
	spares(t, s.diagnose(), "g-head-of-line-member")
}

// The reports have a pool of their own, of one member, which is in the pool of the site too: it was meant to get the long ones.
func TestMemberOfTwoPools(t *testing.T) {
	s := newStory(t)
	s.doc = strings.Replace(storyDocument, `{"name":"none"`, `{"name":"reports","properties":{"backendAddresses":[{"ipAddress":"10.0.0.4"}]}},{"name":"none"`, 1)
	reports := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Pool = "reports" }
	for i := range 60 {
		s.after(time.Second)
		for range 3 {
			s.request(4, path("/report"), reports, active(i%3), took(1200*time.Millisecond))
		}
		s.request(5, path("/a"), took(5*time.Millisecond))
		if i%4 == 0 {
			s.request(4, path("/a"), waitsInVain(6, 0))
		} else {
			s.request(4, path("/a"), active(1), took(5*time.Millisecond))
		}
	}
	spares(t, s.diagnose(), "g-head-of-line-member")
}

// Turns fall so that two of four members get the long requests, in bouts, and work on three at once.
func TestLongRequestsPileUpAtTwoOfFour(t *testing.T) {
	s := newStory(t)
	for range 12 {
		s.after(8 * time.Second)
		for n := range 8 {
			s.after(40 * time.Millisecond)
			for m := 4; m < 6; m++ {
				if n < 5 {
					s.request(m, path("/export"), active(n), took(time.Duration(650+650*(n/3))*time.Millisecond))
				} else {
					s.request(m, path("/export"), waitsInVain(n, 1))
				}
				s.request(m+2, path("/item"), active(n%2), took(8*time.Millisecond))
			}
		}
	}
	expect(t, s.diagnose(), "g-head-of-line-member high 36", "g-head-of-line-member high 36")
}

// deal is what two members do whose turns fall so that one gets the long requests, or most of them, in bouts.
type deal struct {
	workers int                                    // of each member; 0: as many as it takes
	strays  float64                                // part of the requests that go to the other member
	lock    bool                                   // all long requests need, and that one at a time has
	slow    func(second, member int) time.Duration // times as long as usual
}

// play makes five minutes of it.
func (d deal) play(s *story) {
	type job struct {
		at, end time.Duration
		member  int
		long    bool
	}
	rnd, begin := rand.New(rand.NewSource(1)), s.at
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
		s.at = begin.Add(j.at)
		kind := path(map[bool]string{true: "/heavy", false: "/quick"}[j.long])
		if j.end > gone {
			s.request(j.member, kind, waitsInVain(here, there))
		} else {
			s.request(j.member, kind, active(here), took(j.end-j.at))
		}
	}
}

// With few workers the long requests wait for each other, and a few that went to the other member did not. Where all wait for
// one lock, are slow at times, or come to a member that is slow itself, no other turn would have helped, or that is not known.
func TestWhatLongRequestsWaitFor(t *testing.T) {
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
			s := newStory(t)
			c.play(s)
			r := s.diagnose()
			if c.real {
				expect(t, r, fmt.Sprintf("g-head-of-line-member high %d", r.Failures))
			} else {
				spares(t, r, "g-head-of-line-member")
			}
		})
	}
}

// All members are slow for ten minutes, and a third one is in service only in these.
func TestMemberThatIsThereOnlyInTheSlowTime(t *testing.T) {
	s := newStory(t)
	for i := range 3000 {
		s.after(time.Second)
		members := []int{4, 5}
		slow := i >= 1200 && i < 1800
		if slow {
			members = []int{4, 5, 6}
		}
		for _, m := range members {
			switch {
			case slow && (i+7*m)%20 == 0:
				s.request(m, fails(timeoutFault, 2*time.Second))
			case slow:
				s.request(m, took(900*time.Millisecond))
			default:
				s.request(m, took(20*time.Millisecond))
			}
		}
	}
	spares(t, s.diagnose(), "g-noisy-member")
}

// A member joins, and its caches are cold; the log ends before it is known how it does when they are warm.
func TestMemberThatHasJustJoinedIsNoNoise(t *testing.T) {
	s := newStory(t)
	for i := range 1000 {
		s.after(time.Second).request(4)
		s.request(5)
		switch {
		case i > 900 && i%8 == 0:
			s.request(6, fails(timeoutFault, 2*time.Second))
		case i > 900:
			s.request(6, took(700*time.Millisecond))
		}
	}
	spares(t, s.diagnose(), "g-noisy-member")
}

// One of two instances reaches one member badly; the other one finds it as quick as the rest.
func TestBadWayFromOneInstanceIsNoNoise(t *testing.T) {
	s := newStory(t)
	for i := range 600 {
		s.after(time.Second)
		for m := 4; m < 7; m++ {
			s.request(m, byInstance(0))
			switch {
			case m == 6 && i%20 == 0:
				s.request(m, byInstance(1), fails(timeoutFault, 2*time.Second))
			case m == 6:
				s.request(m, byInstance(1), took(600*time.Millisecond))
				s.request(m, byInstance(1), took(600*time.Millisecond))
			default:
				s.request(m, byInstance(1))
			}
		}
	}
	spares(t, s.diagnose(), "g-noisy-member")
}

// One of five members is slow by a disk, for three kinds of requests; it is out of service for a while.
func TestOneOfFiveIsSlow(t *testing.T) {
	s := newStory(t)
	n := 0
	for i := range 900 {
		s.after(time.Second)
		for m := 4; m < 9; m++ {
			kind := path([]string{"/a", "/b", "/c"}[(i+m)%3])
			switch {
			case m == 8 && i > 300 && i < 500:
			case m == 8 && i%25 == 0:
				s.request(m, kind, fails(timeoutFault, 2*time.Second))
				n++
			case m == 8:
				s.request(m, kind, took(450*time.Millisecond))
			case m == 5 && i%300 == 7:
				s.request(m, kind, fails(timeoutFault, 2*time.Second))
			default:
				s.request(m, kind, took(40*time.Millisecond))
			}
		}
	}
	r := s.diagnose()
	if len(r.Findings) == 0 || r.Findings[0].Cause != "g-noisy-member" || r.Findings[0].Failures != n {
		expect(t, r, fmt.Sprintf("g-noisy-member high %d", n))
	}
}

// A step in traffic and a gateway that grows; but what failed was one member, one kind of request, or was mended by the members
// that came.
func TestStepInTrafficThatOthersFeel(t *testing.T) {
	since := func(from, to int) func(int) bool { return func(i int) bool { return i >= from && i < to } }
	lagging := func(i int) int { return map[bool]int{true: 10, false: 24}[i < 36] }
	for name, change := range map[string]func(*accesslog.Record){
		"one member": func(r *accesslog.Record) {
			if r.Status >= 500 {
				r.Attempts[0].Member, r.Attempts[0].Server = "10.0.0.5", netip.MustParseAddrPort("10.0.0.5:80")
			}
		},
		"one kind": func(r *accesslog.Record) {
			if r.Status >= 500 {
				r.URI, r.OriginalURI = []byte("/campaign"), []byte("/campaign")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := growing(t, lagging, since(30, 60), since(30, 36))
			for i := range s.records {
				change(&s.records[i])
			}
			spares(t, s.diagnose(), "h-autoscale-lag")
		})
	}
	t.Run("members came", func(t *testing.T) {
		s := growing(t, lagging, since(30, 60), since(30, 36))
		begin := s.records[0].Start
		for i := range s.records {
			if r := &s.records[i]; i%3 == 0 && r.Start.Sub(begin) > 35*time.Minute && r.Status < 500 {
				s.at = r.Start
				s.request(6)
			}
		}
		spares(t, s.diagnose(), "h-autoscale-lag")
	})
}

// Two pools fail alike until the gateway has grown, by its compute units: one member of one pool joins much later.
func TestGatewayThatGrowsForAllPools(t *testing.T) {
	since := func(from, to int) func(int) bool { return func(i int) bool { return i >= from && i < to } }
	s := growing(t, func(i int) int { return map[bool]int{true: 8, false: 13}[i < 39] }, since(35, 60), since(35, 39))
	for i := range s.records {
		if i%3 == 0 {
			s.records[i].Pool = "canary"
		}
	}
	s.at = s.records[0].Start.Add(55 * time.Minute)
	s.request(6)
	s.files["metrics.json"] = strings.Replace(s.files["metrics.json"], "CapacityUnits", "ComputeUnits", 1)
	expect(t, s.diagnose(), "h-autoscale-lag medium 20")
}

// The site's own certificate comes from another authority since it was renewed: the names in it say whose it is.
func TestRenewedCertificateIsNoStranger(t *testing.T) {
	untrusted := fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_unknown_ca"}
	for _, names := range []string{"shop.example, www.shop.example", "*.shop.example"} {
		s := newStory(t)
		asked := func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Host, r.OriginalHost = []byte("www.shop.example"), []byte("www.shop.example")
		}
		for i := range 40 {
			s.after(time.Second).request(4, asked)
			if i < 20 {
				s.request(5, asked)
			} else {
				s.request(5, asked, fails(untrusted, time.Millisecond), func(_ *accesslog.Record, a *accesslog.Attempt) { a.Presented = names })
			}
		}
		r := s.diagnose()
		expect(t, r, "f-unknown-ca high 20")
		if strings.Contains(rivalsOf(&r.Findings[0]), "b-ip-reused") {
			t.Errorf("a certificate for %s is called a stranger's", names)
		}
	}
}
