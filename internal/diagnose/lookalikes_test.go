package diagnose

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// What one client, one kind of request, one pool or one time does looks like the doing of a member, an instance or a clock.

func from(client int) change2 {
	return func(r *accesslog.Record, _ *accesslog.Attempt) {
		r.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(client)}), 40000)
	}
}

// The port was changed overnight, and the servers were stopped overnight: one does not follow from the other.
func TestServersThatAreStoppedAfterAChangeOfPort(t *testing.T) {
	s := newStory(t)
	eight := func(_ *accesslog.Record, a *accesslog.Attempt) {
		a.Server = netip.AddrPortFrom(a.Server.Addr(), 8080)
	}
	s.traffic(10*time.Second, []int{4, 5})
	s.after(8 * time.Hour)
	s.traffic(10*time.Second, []int{4, 5}, eight, fails(refusedFault, time.Millisecond))
	for _, f := range s.diagnose().Findings {
		if f.Cause == "i-wrong-port" && (f.Confidence == High || !strings.Contains(rivalsOf(&f), "b-refused")) {
			t.Errorf("%s %s, rivals %s", f.Cause, f.Confidence, rivalsOf(&f))
		}
	}
}

// Two gateways with the same names for everything ask the same servers at two ports; the log of one ends early.
func TestPortsOfTwoGateways(t *testing.T) {
	s := newStory(t)
	eight := func(_ *accesslog.Record, a *accesslog.Attempt) {
		a.Server = netip.AddrPortFrom(a.Server.Addr(), 8080)
	}
	s.traffic(10*time.Second, []int{4, 5}, of("/EAST"))
	s.traffic(10*time.Second, []int{4, 5}, of("/WEST"), eight, fails(refusedFault, time.Millisecond))
	spares(t, s.diagnose(), "i-wrong-port")
}

// A request that ends whoever gets it is sent again, and so goes through all members in turn.
func TestPoisonThatGoesRoundIsNoRollOut(t *testing.T) {
	s := newStory(t)
	s.traffic(10*time.Second, []int{4, 5, 6})
	for _, m := range []int{4, 5, 6} {
		rest := []int{4, 5, 6}
		rest = append(rest[:m-4:m-4], rest[m-3:]...)
		s.request(m, path("/boom"), fails(raceFault, 5*time.Millisecond))
		s.request(m, fails(raceFault, 5*time.Millisecond))
		for range 20 {
			s.request(m, fails(refusedFault, time.Millisecond))
			s.traffic(100*time.Millisecond, rest)
		}
		s.traffic(10*time.Second, []int{4, 5, 6})
	}
	spares(t, s.diagnose(), "c-deploy-no-drain", "c-restart")
}

// Members of two pools under the same settings restart, one of each: that is no roll-out.
func TestRestartsInTwoPoolsAreNoRollOut(t *testing.T) {
	s := newStory(t)
	canary := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Pool = "canary" }
	gone := func(m int, in ...change2) {
		for range 3 {
			s.request(m, append(in, fails(raceFault, 5*time.Millisecond))...)
		}
		s.traffic(2*time.Second, []int{m}, append(in, fails(refusedFault, time.Millisecond))...)
	}
	s.traffic(10*time.Second, []int{4})
	s.traffic(10*time.Second, []int{5}, canary)
	gone(4)
	s.traffic(10*time.Second, []int{4})
	s.after(5 * time.Minute)
	gone(5, canary)
	s.traffic(10*time.Second, []int{5}, canary)
	s.traffic(10*time.Second, []int{4})
	spares(t, s.diagnose(), "c-deploy-no-drain")
}

// The reports are slow, and a pool of their own serves them, under the same settings as the rest.
func TestPoolOfSlowReportsIsNoNoisyMember(t *testing.T) {
	for _, azure := range []bool{false, true} {
		s := newStory(t)
		s.azure = azure
		s.doc = strings.Replace(storyDocument, `{"name":"none"`, `{"name":"reports","properties":{"backendAddresses":[{"ipAddress":"10.0.0.9"}]}},{"name":"none"`, 1)
		reports := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Pool = "reports" }
		for i := range 300 {
			s.after(time.Second)
			s.request(4)
			s.request(5)
			if i%15 == 0 {
				s.request(9, path("/reports"), reports, fails(timeoutFault, 2*time.Second))
			} else {
				s.request(9, path("/reports"), reports, took(time.Duration(300+i)*time.Millisecond))
			}
		}
		spares(t, s.diagnose(), "g-noisy-member")
	}
}

// A cookie binds the one who asks for reports to a member.
func TestHeavyUserOfAMember(t *testing.T) {
	for _, azure := range []bool{false, true} {
		s := newStory(t)
		s.azure, s.doc = azure, sticky(storyDocument)
		for i := range 300 {
			s.after(time.Second)
			s.request(4, from(i%20))
			s.request(5, from(20+i%20))
			if i%15 == 0 {
				s.request(6, path("/reports"), from(99), fails(timeoutFault, 2*time.Second))
			} else {
				s.request(6, path("/reports"), from(99), took(time.Duration(300+i)*time.Millisecond))
			}
		}
		spares(t, s.diagnose(), "g-noisy-member", "b-node-local")
	}
}

// One client has one connection, and so one instance and, by its cookie, one member. What it asks for is late.
func TestClientWithOneConnectionIsNoCell(t *testing.T) {
	s := newStory(t)
	s.azure, s.doc = true, sticky(storyDocument)
	for i := range 400 {
		s.after(time.Second)
		s.request(4+i%3, onInstance(i/3%2), from(i%40))
		if i%10 == 0 {
			s.request(4, path("/report"), onInstance(0), from(99), fails(timeoutFault, 2*time.Second))
		}
	}
	spares(t, s.diagnose(), "b-node-local")
}

// The same without a cookie: the instance serves everybody else.
func TestClientWithOneConnectionIsNoBadInstance(t *testing.T) {
	s := newStory(t)
	s.azure = true
	for i := range 400 {
		s.after(time.Second)
		s.request(4+i%3, onInstance(i/3%2), from(i%40))
		if i%10 == 0 {
			s.request(4+i/10%3, path("/report"), onInstance(0), from(99), fails(timeoutFault, 2*time.Second))
		}
	}
	spares(t, s.diagnose(), "h-instance-fault")
}

// Somebody asks for an export once an hour, and it is late each time: nothing else is at that time, nor is it asked for at another.
func TestHourlyExportIsNoClockwork(t *testing.T) {
	s := newStory(t)
	s.azure = true
	begin := s.at
	for i := range 60 * 10 {
		s.at = begin.Add(time.Duration(i) * time.Minute)
		for range 3 {
			s.after(time.Second).request(4)
		}
		if i%60 == 3 {
			s.after(time.Second).request(4, path("/export"), fails(timeoutFault, 2*time.Second))
			s.after(5*time.Second).request(4, path("/export"), fails(timeoutFault, 2*time.Second))
		}
	}
	spares(t, s.diagnose(), "d-cron-contention")
}

// At the busiest time whatever is in front of the application says 503 to all, for the application is away.
func TestOutageAtTheBusyTimeIsNoShedding(t *testing.T) {
	s := newStory(t)
	s.azure = true
	for range 100 {
		s.after(time.Second).request(4, took(100*time.Millisecond))
	}
	for i := range 30 {
		s.after(time.Second)
		for range 10 {
			s.request(4, took(100*time.Millisecond))
			if i >= 10 && i < 20 {
				s.records[len(s.records)-1].Status = 503
				s.records = s.records[:len(s.records)-1]
				s.request(4, took(time.Millisecond), status(503))
			}
		}
	}
	for range 100 {
		s.after(time.Second).request(4, took(100*time.Millisecond))
	}
	spares(t, s.diagnose(), "g-shed-503")
}

// The 503 come from one of two members, which refuses everything for a while; the other one goes on in the busy time.
func TestMemberThatIsInMaintenanceIsNoShedding(t *testing.T) {
	s := newStory(t)
	s.azure = true
	for i := range 230 {
		s.after(time.Second)
		n := 1
		if i >= 100 && i < 130 {
			n = 10
		}
		for range n {
			s.request(4, took(100*time.Millisecond))
			if i >= 110 && i < 120 {
				s.request(5, took(time.Millisecond), status(503))
			} else {
				s.request(5, took(100*time.Millisecond))
			}
		}
	}
	spares(t, s.diagnose(), "g-shed-503")
}

// A WebSocket is quiet for as long as the gateway allows: that was no answer that stood still.
func TestQuietWebSocketIsNoSlowBody(t *testing.T) {
	s := newStory(t)
	s.azure = true
	s.traffic(10*time.Second, []int{4})
	for range 10 {
		s.after(time.Second).request(4, path("/ws"), took(2*time.Second), func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Status, a.Status, r.ErrorInfo = 101, 101, fault.UpstreamTimedOut
		})
	}
	spares(t, s.diagnose(), "d-slow-body")
}

// The gateway's word is that a member was late, and the status that its client had gone.
func TestGoneClientIsNoSlowBody(t *testing.T) {
	s := newStory(t)
	s.azure = true
	s.traffic(10*time.Second, []int{4})
	for range 10 {
		s.after(time.Second).request(4, took(2*time.Second), func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Status, a.Status, r.ErrorInfo = 499, 0, fault.UpstreamTimedOut
		})
	}
	spares(t, s.diagnose(), "d-slow-body")
}

// A sample of the failures may hold none that a user saw; the count of all does.
func TestSeenFailureOutsideTheSampleIsNotHidden(t *testing.T) {
	q := &inquiry{tally: &tally{failures: 1, events: []*event{{own: true}}}}
	if hiddenByRetry(q); len(q.findings) > 0 {
		t.Errorf("%v", q.findings[0].Evidence)
	}
}

// Of many timeouts a sample is looked at, and answers just below the timeout are all counted: few of them do not become many.
func TestFewAnswersBesideASampleOfTimeouts(t *testing.T) {
	limit := 2 * time.Second
	r := &routeTally{answers: newClock().ticks()}
	for range 20 {
		r.answered++
		r.waits.add(limit * 9 / 10)
	}
	tal := newTally(leftOut{})
	tal.routes[routeKey{"http", "GET", "/a"}], tal.timeouts["http"], tal.sample.shift = r, limit, 4
	for i := range 20 { // of 320
		e := &event{settings: "http", method: "GET", path: "/a", fault: timeoutFault, tried: true, visible: true, taken: limit}
		e.start = time.Date(2026, 11, 23, 9, 0, i, 0, time.UTC)
		e.at = e.start.Add(limit)
		tal.events = append(tal.events, e)
		r.answers.add(e.start.Add(limit / 2))
	}
	tal.clock.sort()
	q := &inquiry{tally: tal}
	if timeoutBelowLatency(q); len(q.findings) > 0 {
		t.Errorf("%s: %v", q.findings[0].Confidence, q.findings[0].Evidence)
	}
}

// An address whose certificate was accepted shows another one, for other names. That is no trusted certificate, and it may
// be no longer the same server; which of the two it is, the report leaves open. A member that never did better has no past.
func TestStrangeCertificateMayBeAStranger(t *testing.T) {
	strange := func(_ *accesslog.Record, a *accesslog.Attempt) { a.Presented = "billing.example" }
	untrusted := fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_unknown_ca"}
	for _, before := range []bool{true, false} {
		s := newStory(t)
		for i := range 40 {
			s.after(time.Second).request(4)
			if i >= 20 {
				s.request(5, fails(untrusted, time.Millisecond), strange)
			} else if before {
				s.request(5)
			}
		}
		r := s.diagnose()
		expect(t, r, "f-unknown-ca high 20")
		if may := slices.ContainsFunc(r.Findings[0].Rivals, func(x Rival) bool { return x.Cause == "b-ip-reused" }); may != before {
			t.Errorf("it answered before: %v, it may be a stranger: %v", before, may)
		}
		if text := r.Findings[0].Evidence[0].Fact; !strings.Contains(text, "billing.example") {
			t.Errorf("the names are not in %q", text)
		}
	}
}
