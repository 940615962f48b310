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

// movedStory is of a pool with one name: it answers at one address, is not answered there any more, is then out, and answers at another
// address in the end. write is when somebody wrote the gateway.
func movedStory(t *testing.T, members string, write time.Duration) *story {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `[{"ipAddress":"10.0.0.4"},{"ipAddress":"10.0.0.5"},{"ipAddress":"10.0.0.6"}]`, members, 1)
	begin := s.at
	at := func(last byte) change2 {
		return func(_ *accesslog.Record, a *accesslog.Attempt) {
			a.Member, a.Server = "", netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 7, last}), 443)
		}
	}
	for m := range 120 {
		s.at = begin.Add(time.Duration(m) * time.Minute)
		switch {
		case m < 50:
			s.request(4, at(1))
		case m < 60:
			s.request(4, at(1), fails(timeoutFault, 2*time.Second))
		case m < 90:
			s.request(0, func(r *accesslog.Record, _ *accesslog.Attempt) {
				r.Status, r.ErrorInfo, r.Fault, r.Taken = 502, fault.UpstreamNoLive, noHealthy, 0
			})
		default:
			s.request(4, at(2))
		}
	}
	if write > 0 {
		s.files = map[string]string{"activity.json": fmt.Sprintf(`[{"eventTimestamp":%q,"operationName":{"value":"Microsoft.Network/applicationGateways/write"},"status":{"value":"Succeeded"},"resourceId":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw1","caller":"ops@example.com","correlationId":"c1"}]`, begin.Add(write).Format(time.RFC3339))}
	}
	return s
}

const oneNameOnly = `[{"fqdn":"api.internal.example"}]`

// A name that led elsewhere, until somebody wrote the gateway.
func TestNameThatMoved(t *testing.T) {
	r := movedStory(t, oneNameOnly, 89*time.Minute).diagnose()
	expect(t, r, "b-dns-stale medium 40")
	for _, x := range r.WhatIf.Savings {
		if x.Setting == "member" {
			t.Errorf("the address that was left never stood beside another: %+v", x)
		}
	}
}

// Without a write that heals it, or with one long before, the move is the first thing that it may be, and no more.
func TestNameThatMovedUnseen(t *testing.T) {
	for _, write := range []time.Duration{0, 20 * time.Minute} {
		r := movedStory(t, oneNameOnly, write).diagnose()
		if strings.Contains(causes(r), "b-dns-stale") || likely(r) != "b-dns-stale" || r.Findings[0].Rivals[0].Cause != "b-dns-stale" {
			t.Errorf("write at %s: found %q, open %q, rivals %+v", write, causes(r), likely(r), r.Findings[0].Rivals)
		}
	}
}

// An address in the document is no name, and cannot be stale.
func TestAddressThatWasReplaced(t *testing.T) {
	r := movedStory(t, `[{"ipAddress":"10.0.7.1"}]`, 89*time.Minute).diagnose()
	if strings.Contains(causes(r)+likely(r), "b-dns-stale") {
		t.Errorf("found %q, open %q", causes(r), likely(r))
	}
}

// reroutedStory has a rule that sends a path to another pool from its middle on, where nobody is.
func reroutedStory(t *testing.T, before string) *story {
	s := newAzureStory(t)
	s.noDoc = true
	to := func(pool string) change2 {
		return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Pool, r.Settings = pool, pool+"-settings" }
	}
	nobody := func(r *accesslog.Record, _ *accesslog.Attempt) {
		r.Status, r.ErrorInfo, r.Fault, r.Taken = 502, fault.UpstreamNoLive, noHealthy, 0
	}
	for i := range 60 {
		if s.after(30 * time.Second); i < 40 {
			s.request(4, path("/crates"), to(before))
		} else {
			s.request(0, path("/crates"), nobody, to("leftover"))
		}
		s.request(5, path("/other"), to("front"))
	}
	return s
}

func TestRuleThatWasLedElsewhere(t *testing.T) {
	r := reroutedStory(t, "crates").diagnose()
	expect(t, r, "i-recent-change medium 20")
	if f := r.Findings[0]; f.Rivals[0].Cause != "i-empty-pool" || !strings.Contains(f.Evidence[0].Fact, `rule r1 sends /crates to pool "leftover"`) {
		t.Errorf("%+v", f)
	}
	if r := reroutedStory(t, "leftover").diagnose(); strings.Contains(causes(r), "i-recent-change") {
		t.Errorf("the same pool: found %q", causes(r))
	}
}
