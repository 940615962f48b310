package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// The health page is gone since the last release; the host that the probe asks for was good enough before.
func TestHealthPageThatMoved(t *testing.T) {
	s := story.New(t)
	s.Doc = story.Probed("/health")
	s.Traffic(20*time.Second, []int{4, 5})
	s.OutOfService(20 * time.Second)
	for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
		s.Server(m, "Down", "status_mismatch", "", "2026-11-23T08:00:00Z Up", s.Clock(20*time.Second)+" Down status_mismatch 404")
	}
	story.Spares(t, s.Diagnose(), "a-probe-host-mismatch")
}

// Members hang: probes time out as users' requests do, and a longer time for probes would help nobody.
func TestHungMembersAreNoShortProbeTimeout(t *testing.T) {
	s := story.New(t)
	s.Doc = story.Probed("/health")
	s.Traffic(20*time.Second, []int{4, 5})
	s.Traffic(10*time.Second, []int{4, 5}, story.Fails(story.TimeoutFault, 2*time.Second))
	s.OutOfService(20 * time.Second)
	for _, m := range []string{"10.0.0.4", "10.0.0.5"} {
		s.Server(m, "Down", "probe_timeout", "", "2026-11-23T08:00:00Z Up", s.Clock(30*time.Second)+" Down probe_timeout")
	}
	story.Spares(t, s.Diagnose(), "a-probe-timeout-short")
}

// ofGateway makes a record one of a gateway by that name.
func ofGateway(name string) story.Change {
	return story.Of("/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/" + name)
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
		s := story.New(t)
		s.NoDoc = c.noDoc
		for range c.own {
			s.After(time.Second).Request(4, ofGateway("GW1"))
		}
		for range c.others {
			s.After(time.Second).Request(4, ofGateway("GW2"))
		}
		r := s.Diagnose()
		if said := strings.Join(r.Assumptions, "\n"); r.Requests != c.requests || c.says == "" && strings.Contains(said, "gateway") || !strings.Contains(said, c.says) {
			t.Errorf("%+v: %d requests, assumed %q", c, r.Requests, said)
		}
	}
}

// Where all requests are outside of the time that is asked for, there are some.
func TestRequestsOutsideOfTheTimeAskedFor(t *testing.T) {
	s := story.New(t)
	for range 5 {
		s.After(time.Second).Request(4)
	}
	r := s.DiagnoseSince(s.At.Add(time.Hour))
	if r.Requests != 0 || r.Read.OutsideWindow.Requests != 5 || !strings.Contains(r.Headline(), "None of the 5 requests in this evidence lies in the time that was asked for: they run from 2026-11-23T09:00:01.000Z to 2026-11-23T09:00:05.000Z") {
		t.Errorf("%+v\n%s", r.Read, r.Headline())
	}
}
