package diagnose

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// Each of these looks like a cause that is not at work.

// spares asserts that a cause is not named with any confidence.
func spares(t *testing.T, r *Report, ids ...string) {
	t.Helper()
	for _, f := range r.Findings {
		for _, id := range ids {
			if f.Cause == id && f.Confidence != Low {
				t.Errorf("%s with %s confidence: %v", id, f.Confidence, f.Evidence)
			}
		}
	}
}

func of(gateway string) change2 {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.ResourceID = gateway }
}

// Two gateways, one behind the other, in one bundle: what the first sends, the second gets, once.
func TestGatewayBehindAnotherIsNoLoop(t *testing.T) {
	s := newStory(t)
	for range 20 {
		s.after(time.Second).request(4, status(502), of("/OUTER"))
		outer := s.records[len(s.records)-1].Transaction
		s.request(5, status(502), of("/INNER"), func(r *accesslog.Record, _ *accesslog.Attempt) { r.Parent = outer })
	}
	spares(t, s.diagnose(), "i-proxy-loop")
}

// Clients of a busy gateway use every port there is, and so the one that a request waits on.
func TestBusyPortsAreNoLoop(t *testing.T) {
	s := newStory(t)
	for i := range 20 {
		s.after(3 * time.Second)
		begin := s.at
		port := uint16(50000 + i)
		s.at = begin.Add(time.Second)
		s.request(5, func(r *accesslog.Record, _ *accesslog.Attempt) {
			r.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}), port)
		})
		s.at = begin
		s.request(4, fails(timeoutFault, 2*time.Second), func(_ *accesslog.Record, a *accesslog.Attempt) { a.LocalPort = port })
	}
	spares(t, s.diagnose(), "i-proxy-loop")
}

// A member is added while what all of them need is down: it fails as the others do.
func TestNewMemberAmongFailingOnes(t *testing.T) {
	for _, azure := range []bool{false, true} {
		s := newStory(t)
		s.azure, s.doc = azure, probed("/health")
		s.traffic(30*time.Second, []int{4, 5})
		s.traffic(5*time.Second, []int{4, 5, 6}, answers(503))
		s.traffic(20*time.Second, []int{4, 5, 6})
		if !azure {
			s.server("10.0.0.6", "Up", "", "", "2026-11-23T09:00:30Z Up")
		}
		spares(t, s.diagnose(), "a-not-ready-yet", "a-fast-readmit")
	}
}

// sticky is the usual document with users bound to members by a cookie.
func sticky(doc string) string {
	return strings.Replace(doc, `"requestTimeout":2`, `"requestTimeout":2,"cookieBasedAffinity":"Enabled"`, 1)
}

// The users that a cookie binds to a member rest, come back, and meet errors for a while.
func TestUsersOfAMemberComeBack(t *testing.T) {
	s := newStory(t)
	s.azure, s.doc = true, sticky(storyDocument)
	s.traffic(10*time.Second, []int{4, 5, 6})
	s.traffic(30*time.Second, []int{4, 5})
	for range 50 {
		s.request(4)
		s.request(5)
		s.request(6, answers(503))
		s.after(100 * time.Millisecond)
	}
	s.traffic(20*time.Second, []int{4, 5, 6})
	spares(t, s.diagnose(), "a-not-ready-yet", "a-fast-readmit")
}

// The last user of a member meets a fault a few times, and leaves: nobody gave the member up.
func TestUsersOfAMemberLeave(t *testing.T) {
	s := newStory(t)
	s.azure, s.doc = true, sticky(storyDocument)
	s.traffic(20*time.Second, []int{4, 5, 6})
	for range 8 {
		s.request(6, path("/boom"), fails(raceFault, 30*time.Millisecond))
		s.traffic(500*time.Millisecond, []int{4, 5})
	}
	s.traffic(20*time.Second, []int{4, 5})
	spares(t, s.diagnose(), "a-slow-eviction", "c-endpoint-lag", "c-drain-too-short")
}

// A roll-out takes each member out once, by its health page, and is too quick for the pool.
func TestRollOutIsNoFlapping(t *testing.T) {
	s := newStory(t)
	s.doc = probed("/health")
	s.traffic(10*time.Second, []int{4, 5, 6})
	s.traffic(10*time.Second, []int{5, 6})
	s.traffic(10*time.Second, []int{6})
	s.outOfService(10 * time.Second)
	s.traffic(20*time.Second, []int{4, 5, 6})
	for i := range 3 {
		from := s.clock(10*time.Second + time.Duration(i)*10*time.Second)
		s.server(fmt.Sprintf("10.0.0.%d", 4+i), "Up", "", "", "2026-11-23T08:00:00Z Up", from+" Down status_mismatch 503", s.clock(40*time.Second)+" Up")
	}
	spares(t, s.diagnose(), "a-flap-threshold", "a-probe-too-deep")
}

// clock is a time of the story, as histories of health have it.
func (s *story) clock(after time.Duration) string {
	return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC).Add(after).Format(time.RFC3339)
}

// A member hangs, its probes take it out, and then whoever watches over it ends it.
func TestHungMemberThatIsEndedIsNoDrain(t *testing.T) {
	s := newStory(t)
	s.azure = true
	s.traffic(20*time.Second, []int{4, 5, 7})
	hung := s.at
	for i := range 10 {
		s.at = hung.Add(time.Duration(i) * time.Second)
		s.request(7, path("/report"), fails(raceFault, hung.Add(30*time.Second).Sub(s.at)))
	}
	s.at = hung
	s.traffic(60*time.Second, []int{4, 5})
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":120`, 1)
	spares(t, s.diagnose(), "c-drain-too-short")
}

// A member dies in a quiet minute; that its failures last for a short time only does not tell when it died.
func TestDeathInAQuietMinute(t *testing.T) {
	for _, azure := range []bool{false, true} {
		s := newStory(t)
		s.azure = azure
		s.traffic(20*time.Second, []int{4, 5, 7})
		s.after(80 * time.Second)
		for range 40 {
			s.request(4)
			s.request(7, fails(refusedFault, time.Millisecond))
			s.after(100 * time.Millisecond)
		}
		s.traffic(20*time.Second, []int{4, 5})
		spares(t, s.diagnose(), "c-endpoint-lag")
	}
}

// All that a member sends stands still at once: it is the member that does, and no stream has a pause of its own.
func TestFrozenMemberUnderStreams(t *testing.T) {
	cut := fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Timeout}
	s := newStory(t)
	s.traffic(20*time.Second, []int{4, 5})
	frozen := s.at
	for i := range 6 {
		s.at = frozen.Add(-time.Duration(i+1) * 3 * time.Second)
		took := frozen.Add(2 * time.Second).Sub(s.at)
		s.request(4, path("/events"), fails(cut, took), func(_ *accesslog.Record, a *accesslog.Attempt) { a.Receive, a.Status = took-10*time.Millisecond, 200 })
	}
	s.at = frozen
	for i := range 10 {
		s.at = frozen.Add(time.Duration(i) * 100 * time.Millisecond)
		s.request(4, fails(timeoutFault, 2*time.Second))
	}
	s.at = frozen
	s.traffic(20*time.Second, []int{5})
	spares(t, s.diagnose(), "d-read-gap", "d-slow-body")
}

// Settings speak HTTPS and their probe HTTP, which worked until the members were stopped.
func TestStoppedMembersUnderAnOddProbe(t *testing.T) {
	for _, odd := range []string{`"protocol":"Https"`, `"port":8081,"protocol":"Http"`} {
		s := newStory(t)
		s.doc = strings.Replace(probed("/health"), `"protocol":"Http","host"`, odd+`,"host"`, 1)
		s.traffic(15*time.Second, []int{4, 5})
		s.traffic(5*time.Second, []int{4, 5}, fails(refusedFault, time.Millisecond))
		s.outOfService(20 * time.Second)
		for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
			s.server(m, "Down", "tcp_connect", "", "2026-11-23T08:00:00Z Up", s.clock(20*time.Second)+" Down tcp_connect ECONNREFUSED")
		}
		r := s.diagnose()
		spares(t, r, "a-probe-protocol")
		for _, f := range r.Findings {
			if f.Cause == "a-probe-port" && (f.Confidence == High || !strings.Contains(rivalsOf(&f), "b-refused")) {
				t.Errorf("%s %s, rivals %s", f.Cause, f.Confidence, rivalsOf(&f))
			}
		}
	}
}

// The health page is gone since the last release; the host that the probe asks for was good enough before.
func TestHealthPageThatMoved(t *testing.T) {
	s := newStory(t)
	s.doc = probed("/health")
	s.traffic(20*time.Second, []int{4, 5})
	s.outOfService(20 * time.Second)
	for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
		s.server(m, "Down", "status_mismatch", "", "2026-11-23T08:00:00Z Up", s.clock(20*time.Second)+" Down status_mismatch 404")
	}
	spares(t, s.diagnose(), "a-probe-host-mismatch")
}

// Members hang: probes time out as users' requests do, and a longer time for probes would help nobody.
func TestHungMembersAreNoShortProbeTimeout(t *testing.T) {
	s := newStory(t)
	s.doc = probed("/health")
	s.traffic(20*time.Second, []int{4, 5})
	s.traffic(10*time.Second, []int{4, 5}, fails(timeoutFault, 2*time.Second))
	s.outOfService(20 * time.Second)
	for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
		s.server(m, "Down", "probe_timeout", "", "2026-11-23T08:00:00Z Up", s.clock(30*time.Second)+" Down probe_timeout")
	}
	spares(t, s.diagnose(), "a-probe-timeout-short")
}

// All members are told to stop at once, say so on their health pages, and are back later: nothing that they share failed.
func TestStopOfAllMembersIsNoDeepProbe(t *testing.T) {
	s := newStory(t)
	s.doc = probed("/health")
	s.traffic(20*time.Second, []int{4, 5, 6}, reused(100*time.Millisecond, 5))
	s.outOfService(10 * time.Second)
	s.traffic(20*time.Second, []int{4, 5, 6})
	for _, m := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		s.server(m, "Up", "", "", "2026-11-23T08:00:00Z Up", s.clock(20*time.Second)+" Down status_mismatch 503", s.clock(30*time.Second)+" Up")
	}
	for _, f := range s.diagnose().Findings {
		if f.Cause == "a-probe-too-deep" && (f.Confidence == High || !strings.Contains(rivalsOf(&f), "c-deploy-no-drain")) {
			t.Errorf("%s %s, rivals %s", f.Cause, f.Confidence, rivalsOf(&f))
		}
	}
}

// Connections are made anew for each request, and cut at an age: that is no supervisor's doing.
func TestMaximumAgeOfConnections(t *testing.T) {
	s := newStory(t)
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":60`, 1)
	for i := range 40 {
		s.after(time.Second).request(4, path("/render"), took(time.Duration(1+i%28)*time.Second))
		if i%4 == 0 {
			s.request(4, path("/render"), fails(raceFault, 30*time.Second+time.Duration(i)*time.Millisecond))
		}
	}
	for _, f := range s.diagnose().Findings {
		if f.Cause == "d-worker-timeout-kill" && !strings.Contains(rivalsOf(&f), "c-max-age") {
			t.Errorf("%s %s, rivals %s", f.Cause, f.Confidence, rivalsOf(&f))
		}
	}
}

// Two pools are served under the same settings; users of one of them come later, and meet errors for a while.
func TestPoolThatIsAskedLater(t *testing.T) {
	canary := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Pool = "canary" }
	s := newStory(t)
	s.azure = true
	s.doc = strings.Replace(storyDocument, `{"name":"none"`, `{"name":"canary","properties":{"backendAddresses":[{"ipAddress":"10.0.0.9"}]}},{"name":"none"`, 1)
	s.traffic(30*time.Second, []int{4, 5})
	for range 50 {
		s.request(4)
		s.request(5)
		s.request(9, canary, answers(503))
		s.after(100 * time.Millisecond)
	}
	for range 200 {
		s.request(4)
		s.request(9, canary)
		s.after(100 * time.Millisecond)
	}
	spares(t, s.diagnose(), "a-not-ready-yet", "a-fast-readmit")
}

// The users of one pool meet errors until its probes give up; those of another, under the same settings, do not.
func TestIllPoolBesideAWellOne(t *testing.T) {
	other := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Pool = "canary" }
	s := newStory(t)
	s.doc = strings.Replace(probed("/health"), `{"name":"none"`, `{"name":"canary","properties":{"backendAddresses":[{"ipAddress":"10.0.0.9"}]}},{"name":"none"`, 1)
	s.traffic(10*time.Second, []int{4, 5})
	for range 100 {
		s.request(4, answers(500))
		for range 12 {
			s.request(9, other)
		}
		s.after(100 * time.Millisecond)
	}
	s.outOfService(10 * time.Second)
	s.traffic(20*time.Second, []int{4, 5})
	for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
		s.server(m, "Up", "", "", "2026-11-23T08:00:00Z Up", s.clock(20*time.Second)+" Down status_mismatch 503", s.clock(30*time.Second)+" Up")
	}
	spares(t, s.diagnose(), "a-probe-too-deep", "a-flap-threshold")
}

// One pool of two fails when there is most to do, which is also when the gateway is full.
func TestFullGatewayBesideAFailingPool(t *testing.T) {
	s := fullGateway(t, 10*time.Millisecond)
	for i := range s.records {
		r := &s.records[i]
		if r.Status < 500 && i%2 == 0 {
			r.Pool, r.URI = "other", []byte("/other")
		}
	}
	spares(t, s.diagnose(), "h-capacity-max")
}

// One member is not there, and the page of health of the other says 503: who mends either has somebody in service.
func TestMembersThatAreOutForTwoReasons(t *testing.T) {
	s := newStory(t)
	s.doc = probed("/health")
	s.outOfService(10 * time.Second)
	s.server("10.0.0.4", "Down", "tcp_connect", "", "2026-11-23T08:00:00Z Down tcp_connect ECONNREFUSED")
	s.server("10.0.0.5", "Down", "status_mismatch", "", "2026-11-23T08:00:00Z Down status_mismatch 503")
	r := s.diagnose()
	if len(r.Findings) != 1 || r.Findings[0].Cause != "b-refused" || !strings.Contains(rivalsOf(&r.Findings[0]), "a-probe-status-mismatch") {
		t.Errorf("%+v", r.Findings)
	}
}

// The logs of two gateways with the same names for everything; that of the second begins later.
func TestLogOfAnotherGatewayThatBeginsLater(t *testing.T) {
	s := newStory(t)
	s.azure = true
	s.traffic(30*time.Second, []int{4, 5}, of("/EAST"))
	for range 50 {
		s.request(4, of("/EAST"))
		s.request(8, of("/WEST"), answers(503))
		s.after(100 * time.Millisecond)
	}
	for range 200 {
		s.request(4, of("/EAST"))
		s.request(8, of("/WEST"))
		s.after(100 * time.Millisecond)
	}
	spares(t, s.diagnose(), "a-not-ready-yet", "a-fast-readmit")
}

// A limiter refuses probes when there are too many of them: no member is marginal.
func TestRefusedProbesAreNoFlapping(t *testing.T) {
	s := newStory(t)
	s.doc = probed("/health")
	var history [2][]string
	for range 4 {
		s.traffic(10*time.Second, []int{4, 5})
		history[0] = append(history[0], s.clock(s.since()-5*time.Second)+" Down status_mismatch 429", s.clock(s.since()+10*time.Second)+" Up")
		history[1] = append(history[1], s.clock(s.since()+time.Second)+" Down status_mismatch 429", s.clock(s.since()+5*time.Second)+" Up")
		s.after(time.Second)
		s.outOfService(4 * time.Second)
		s.traffic(10*time.Second, []int{5})
	}
	for i, m := range []string{"10.0.0.4", "10.0.0.5"} {
		s.server(m, "Up", "", "", history[i]...)
	}
	spares(t, s.diagnose(), "a-flap-threshold")
}

// since is how long the story has lasted.
func (s *story) since() time.Duration {
	return s.at.Sub(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
}

// Two hiccups are one finding, which says each thing once.
func TestTwoHiccupsAreToldOnce(t *testing.T) {
	s := newStory(t)
	s.doc = probed("/health")
	for range 2 {
		s.traffic(20*time.Second, []int{4, 5, 6})
		s.outOfService(10 * time.Second)
	}
	s.traffic(20*time.Second, []int{4, 5, 6})
	for _, m := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		s.server(m, "Up", "", "", "2026-11-23T08:00:00Z Up", s.clock(20*time.Second)+" Down status_mismatch 503", s.clock(30*time.Second)+" Up",
			s.clock(50*time.Second)+" Down status_mismatch 503", s.clock(60*time.Second)+" Up")
	}
	r := s.diagnose()
	expect(t, r, "a-probe-too-deep medium 200")
	if f := r.Findings[0]; rivalsOf(&f) != "g-dependency-down c-deploy-no-drain" || len(f.RuledOut) != 1 {
		t.Errorf("rivals %s, ruled out %v", rivalsOf(&f), f.RuledOut)
	}
}

// ofGateway makes a record one of a gateway by that name.
func ofGateway(name string) change2 {
	return of("/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/" + name)
}

// A document is true of its own gateway: records of another one are not judged by it. Which are counted is said.
func TestRecordsOfSeveralGateways(t *testing.T) {
	for _, c := range []struct {
		own, others int
		noDoc       bool
		requests    int
		says        string
	}{
		{own: 10, others: 20, requests: 10, says: "only records of gw1 are counted; left out are those of GW2 (20)"},
		{others: 20, requests: 20, says: "the gateway document is of gw1 and the records are of GW2: it is not used"},
		{own: 10, others: 20, noDoc: true, requests: 30, says: "the records are of 2 gateways (gw1, gw2) and are diagnosed together"},
		{own: 10, requests: 10},
	} {
		s := newStory(t)
		s.noDoc = c.noDoc
		for range c.own {
			s.after(time.Second).request(4, ofGateway("GW1"))
		}
		for range c.others {
			s.after(time.Second).request(4, ofGateway("GW2"))
		}
		r := s.diagnose()
		if said := strings.Join(r.Assumptions, "\n"); r.Requests != c.requests || c.says == "" && strings.Contains(said, "gateway") || !strings.Contains(said, c.says) {
			t.Errorf("%+v: %d requests, assumed %q", c, r.Requests, said)
		}
	}
}

// Where all requests are outside of the time that is asked for, there are some.
func TestRequestsOutsideOfTheTimeAskedFor(t *testing.T) {
	s := newStory(t)
	for range 5 {
		s.after(time.Second).request(4)
	}
	r := s.diagnoseSince(s.at.Add(time.Hour))
	if r.Requests != 0 || r.Read.Outside != 5 || !strings.Contains(r.headline(), "None of the 5 requests in this evidence is of the time that was asked for: they are of 2026-11-23T09:00:01.000Z to 2026-11-23T09:00:05.000Z") {
		t.Errorf("%+v\n%s", r.Read, r.headline())
	}
}
