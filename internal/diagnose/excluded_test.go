package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// ofGateway makes a record one of a gateway by that name.
func ofGateway(name string) story.Change {
	return story.Of("/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/" + name)
}

// A document is true of its own gateway: it does not apply to the records of another one. The report says which count.
func TestRecordsOfSeveralGateways(t *testing.T) {
	t.Parallel()
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
		t.Run(c.says, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.NoDoc, s.Counts = c.noDoc, &story.Counts{Requests: c.requests}
			for range c.own {
				s.After(time.Second).Request(4, ofGateway("GW1"))
			}
			for range c.others {
				s.After(time.Second).Request(4, ofGateway("GW2"))
			}
			r := s.Diagnose()
			if said := strings.Join(r.Assumptions, "\n"); r.Requests != c.requests || c.says == "" && strings.Contains(said, "gateway") ||
				!strings.Contains(said, c.says) {
				t.Errorf("%+v: %d requests, assumed %q", c, r.Requests, said)
			}
		})
	}
}

// All requests are outside the requested time: the report does not claim that there are none.
func TestRequestsOutsideOfTheTimeAskedFor(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 5 {
		s.After(time.Second).Request(4)
	}
	r := s.DiagnoseSince(s.At.Add(time.Hour))
	if r.Requests != 0 || r.Read.OutsideWindow.Requests != 5 ||
		!strings.Contains(r.Headline(),
			"None of the 5 requests in this evidence lies in the requested window: they run from 2026-11-23T09:00:01.000Z to 2026-11-23T09:00:05.000Z") {
		t.Errorf("%+v\n%s", r.Read, r.Headline())
	}
}
