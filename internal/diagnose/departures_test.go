package diagnose

import (
	"slices"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// A member is taken out of the document. What it had to do when it stopped, five seconds later, ends with it.
func TestDrainTooShort(t *testing.T) {
	for _, c := range []struct {
		azure bool
		want  string
	}{{false, "c-drain-too-short high 6"}, {true, "c-drain-too-short medium 6"}} {
		s := newStory(t)
		s.azure = c.azure
		s.traffic(20*time.Second, []int{4, 5, 7}) // the document has 4, 5 and 6
		left := s.at
		for i := range 6 {
			s.at = left.Add(-time.Duration(i+1) * 200 * time.Millisecond)
			s.request(7, path("/report"), fails(raceFault, left.Add(5*time.Second).Sub(s.at)))
		}
		s.at = left
		s.traffic(20*time.Second, []int{4, 5})
		s.server("10.0.0.4", "Up", "", "", "2026-11-23T08:00:00Z Up")
		expect(t, s.diagnose(), c.want)
	}
}

// One that ends with work under way while it is in service was not taken out first.
func TestAStopInServiceIsNoDrain(t *testing.T) {
	s := newStory(t)
	s.traffic(20*time.Second, []int{4, 5, 6})
	for range 6 {
		s.request(6, path("/report"), fails(raceFault, 3*time.Second))
	}
	s.traffic(20*time.Second, []int{4, 5, 6})
	for _, f := range s.diagnose().Findings {
		t.Errorf("%s %s", f.Cause, f.Confidence)
	}
}

// A member goes, and the document follows seconds later: sooner than probes every thirty seconds could have.
func TestEndpointLag(t *testing.T) {
	for _, c := range []struct {
		member int
		azure  bool
		want   []string
	}{
		{7, false, []string{"c-endpoint-lag high 40"}},
		{7, true, []string{"c-endpoint-lag medium 40"}},
		{6, true, []string{"a-slow-eviction high 40"}}, // which the document still has
	} {
		s := newStory(t)
		s.azure = c.azure
		s.traffic(20*time.Second, []int{4, 5, c.member})
		for range 40 {
			s.request(4)
			s.request(c.member, fails(refusedFault, time.Millisecond))
			s.after(100 * time.Millisecond)
		}
		s.traffic(20*time.Second, []int{4, 5})
		expect(t, s.diagnose(), c.want...)
	}
}

// With few answers before, it may be as well that the member never was in order. That the document no longer has it is said.
func TestRefusingMemberThatTheDocumentDoesNotHave(t *testing.T) {
	for member, gone := range map[int]bool{7: true, 6: false} {
		s := newStory(t)
		for range 40 {
			s.request(4)
			s.request(member, fails(refusedFault, time.Millisecond))
			s.after(100 * time.Millisecond)
		}
		s.traffic(20*time.Second, []int{4, 5})
		r := s.diagnose()
		expect(t, r, "b-refused medium 40")
		if may := slices.ContainsFunc(r.Findings[0].Rivals, func(x Rival) bool { return x.Cause == "c-endpoint-lag" }); may != gone {
			t.Errorf("member %d: rivals %+v", member, r.Findings[0].Rivals)
		}
	}
}

// A member that is told to stop closes its port, and goes on answering on the connections that it has.
func TestListenerClosesFirst(t *testing.T) {
	s := newStory(t)
	for range 10 {
		s.traffic(time.Second, []int{4}, reused(100*time.Millisecond, 3))
		s.request(4, fails(refusedFault, time.Millisecond))
		s.after(50 * time.Millisecond)
	}
	expect(t, s.diagnose(), "c-ignores-sigterm-listener-close medium 10")
}

// A port that refuses now and then takes new connections in between.
func TestRefusalsNowAndThenAreNoClosedListener(t *testing.T) {
	s := newStory(t)
	for range 10 {
		s.traffic(time.Second, []int{4})
		s.request(4, fails(refusedFault, time.Millisecond))
		s.after(50 * time.Millisecond)
	}
	expect(t, s.diagnose())
}

// The gateway's process did not get to run: timeouts tell nothing about the member, and neither do clients that gave up.
func TestGatewayThatStoodStill(t *testing.T) {
	stalled := func(d time.Duration) change2 {
		return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Stalled = d }
	}
	s := newStory(t)
	s.traffic(10*time.Second, []int{4})
	for range 10 {
		s.after(3*time.Second).request(4, fails(dropFault, 2*time.Second), stalled(1500*time.Millisecond))
		s.request(4, fails(fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}, 2*time.Second), stalled(1500*time.Millisecond))
	}
	expect(t, s.diagnose(), "h-goroutine-or-lock-stall high 20")
}

// If it stood still for less, nobody is blamed; and what rests on times alone is a suspicion at most.
func TestGatewayThatStoodStillNowAndThen(t *testing.T) {
	stalled := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Stalled = r.Taken / 5 }
	s := newStory(t)
	s.traffic(10*time.Second, []int{4})
	for range 10 {
		s.after(3*time.Second).request(4, fails(dropFault, 2*time.Second), stalled)
	}
	expect(t, s.diagnose())
	s = newStory(t)
	for i := range 40 {
		s.after(3 * time.Second).request(4)
		if i%5 == 0 {
			s.request(4, path("/boom"), fails(raceFault, 20*time.Millisecond), stalled)
		}
	}
	expect(t, s.diagnose(), "g-crash-on-input low 8")
}

// The gateway's process stood still for a part of requests that met no healthy member, or a refusal. They waited for nobody,
// and nothing of what they met hangs on a clock.
func TestStallOfRequestsThatWaitedForNobody(t *testing.T) {
	stalled := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Stalled = r.Taken / 3 }
	s := newStory(t)
	for i := range 30 {
		s.after(time.Second).request(0, fails(noHealthy, 3*time.Millisecond), stalled)
		if i < 15 {
			s.request(5, fails(refusedFault, 3*time.Millisecond), stalled)
		}
	}
	s.server("10.0.0.4", "Down", "tcp_connect", "no route", "2026-11-23T08:59:00Z Down tcp_connect ENETUNREACH")
	expect(t, s.diagnose(), "b-route high 30", "b-refused high 15")
}
