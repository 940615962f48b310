package clients_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/analyzers/clients"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/story"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// Azure's log lists each server that was tried: a request that was answered by the second one was not lost, and the failure
// is there all the same.
func TestHiddenByRetryOnAzure(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for range 10 {
		s.After(time.Second).Request(5)
		s.Request(4, story.Recovered(story.RaceFault,
			func(_ *accesslog.Record, a *accesslog.Attempt) { a.Server = netip.MustParseAddrPort("10.0.0.6:80") }))
	}
	r := s.Diagnose()
	if len(r.Findings) != 1 || story.Found(t, r, 0).Cause != "k-hidden-by-retry" || story.Found(t, r, 0).Contributing != 10 {
		t.Errorf("%d recovered, findings %+v", r.Recovered, r.Findings)
	}
}

// A sample of the failures may hold none that a user saw; the count of all does.
func TestSeenFailureOutsideTheSampleIsNotHidden(t *testing.T) {
	t.Parallel()
	c := &inference.Case{Traffic: &traffic.Summary{Failures: 1, Events: []*traffic.Event{{Own: true}}}}
	if clients.HiddenByRetry.Run(c); len(c.Findings) > 0 {
		t.Errorf("%v", c.Findings[0].Evidence)
	}
}

// What retries hid must not head a report about what users saw.
func TestHiddenFailuresAreNoVerdictOnVisibleOnes(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 60 {
		s.After(900 * time.Millisecond)
		early := time.Duration(1+i%29) * time.Millisecond
		s.Request(4, story.Recovered(story.RaceFault, func(r *accesslog.Record, a *accesslog.Attempt) {
			story.Reused(2*time.Second-early, i)(r, a)
			a.Total = early
		}))
		if i%12 == 0 {
			s.Request(4, story.Path("/x"), story.Fails(story.TimeoutFault, 2*time.Second))
		}
	}
	r := s.Diagnose()
	if r.Verdict != nil || story.Found(t, r, 0).Share != 0 {
		t.Errorf("verdict %+v, share %v", r.Verdict, story.Found(t, r, 0).Share)
	}
}

// Clients who leave are on every gateway: they neither hide what retries made good, nor does it hide behind more of them.
func TestHiddenBesideClientsThatLeave(t *testing.T) {
	t.Parallel()
	left := fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}
	for leavers, found := range map[int]bool{2: true, 10: false} {
		t.Run(fmt.Sprint(leavers), func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for i := range 10 {
				if s.After(time.Second).Request(5); i < leavers {
					s.Request(5, story.Fails(left, 20*time.Millisecond))
				}
				s.Request(4, story.Recovered(story.RaceFault,
					func(_ *accesslog.Record, a *accesslog.Attempt) { a.Server = netip.MustParseAddrPort("10.0.0.6:80") }))
			}
			r := s.Diagnose()
			if got := slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.Cause == "k-hidden-by-retry" }); got != found {
				t.Errorf("%d left, 10 were hidden: told %t", leavers, got)
			}
		})
	}
}
