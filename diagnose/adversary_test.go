package diagnose

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/accesslog"
	"causeway/fault"
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

// Most comes about noon. For two minutes of it a part of what the member asks is away; or it is a page that nobody asks for at
// other times that is in maintenance.
func TestTroubleAtNoonIsNoShedding(t *testing.T) {
	for name, refused := range map[string]func(second, n int) (string, bool){
		"for two minutes": func(i, n int) (string, bool) { return "/a", n == 3 && i >= 1600 && i < 1720 },
		"one page":        func(_, n int) (string, bool) { return map[bool]string{true: "/checkout", false: "/a"}[n == 9], n == 9 },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			s.azure = true
			for i := range 2000 {
				s.after(time.Second)
				for n := range []int{1, 8, 8, 14}[i/500] {
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

// Turns fall so that two of four members get the long requests, in bouts; each wait is as long as what stands before it.
func TestLongRequestsPileUpAtTwoOfFour(t *testing.T) {
	s := newStory(t)
	for range 12 {
		s.after(8 * time.Second)
		for n := range 8 {
			s.after(40 * time.Millisecond)
			for m := 4; m < 6; m++ {
				if n < 5 {
					s.request(m, path("/export"), active(n), took(time.Duration(300+350*n)*time.Millisecond))
				} else {
					s.request(m, path("/export"), waitsInVain(n, 1))
				}
				s.request(m+2, path("/item"), active(n%2), took(8*time.Millisecond))
			}
		}
	}
	expect(t, s.diagnose(), "g-head-of-line-member high 36", "g-head-of-line-member high 36")
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
