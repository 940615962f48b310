package network_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// movedStory is of a pool with one name: it answers at one address, is not answered there any more, is then out, and answers at another
// address in the end. write is when somebody wrote the gateway.
func movedStory(t *testing.T, members string, write time.Duration) *story.Story {
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `[{"ipAddress":"10.0.0.4"},{"ipAddress":"10.0.0.5"},{"ipAddress":"10.0.0.6"}]`, members, 1)
	begin := s.At
	at := func(last byte) story.Change {
		return func(_ *accesslog.Record, a *accesslog.Attempt) {
			a.Member, a.Server = "", netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 7, last}), 443)
		}
	}
	for m := range 120 {
		s.At = begin.Add(time.Duration(m) * time.Minute)
		switch {
		case m < 50:
			s.Request(4, at(1))
		case m < 60:
			s.Request(4, at(1), story.Fails(story.TimeoutFault, 2*time.Second))
		case m < 90:
			s.Request(0, func(r *accesslog.Record, _ *accesslog.Attempt) {
				r.Status, r.ErrorInfo, r.Fault, r.Taken = 502, fault.UpstreamNoLive, story.NoHealthy, 0
			})
		default:
			s.Request(4, at(2))
		}
	}
	if write > 0 {
		s.Files = map[string]string{"activity.json": fmt.Sprintf(`[{"eventTimestamp":%q,"operationName":{"value":"Microsoft.Network/applicationGateways/write"},"status":{"value":"Succeeded"},"resourceId":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw1","caller":"ops@example.com","correlationId":"c1"}]`, begin.Add(write).Format(time.RFC3339))}
	}
	return s
}

// A name that led elsewhere, until somebody wrote the gateway.
func TestNameThatMoved(t *testing.T) {
	t.Parallel()
	r := movedStory(t, oneNameOnly, 89*time.Minute).Diagnose()
	story.Expect(t, r, "b-dns-stale medium 40")
	for _, x := range r.WhatIf.Savings {
		if x.Setting == "member" {
			t.Errorf("the address that was left never stood beside another: %+v", x)
		}
	}
}

// Without a write that heals it, or with one long before, the move is the first thing that it may be, and no more.
func TestNameThatMovedUnseen(t *testing.T) {
	t.Parallel()
	for _, write := range []time.Duration{0, 20 * time.Minute} {
		t.Run(fmt.Sprintf("write %v", write), func(t *testing.T) {
			t.Parallel()
			r := movedStory(t, oneNameOnly, write).Diagnose()
			if strings.Contains(story.Causes(r), "b-dns-stale") || story.Likely(r) != "b-dns-stale" ||
				story.Found(t, r, 0).Rivals[0].Cause != "b-dns-stale" {
				t.Errorf("write at %s: found %q, open %q, rivals %+v", write, story.Causes(r), story.Likely(r), story.Found(t, r, 0).Rivals)
			}
		})
	}
}

// An address in the document is no name, and cannot be stale.
func TestAddressThatWasReplaced(t *testing.T) {
	t.Parallel()
	r := movedStory(t, `[{"ipAddress":"10.0.7.1"}]`, 89*time.Minute).Diagnose()
	if strings.Contains(story.Causes(r)+story.Likely(r), "b-dns-stale") {
		t.Errorf("found %q, open %q", story.Causes(r), story.Likely(r))
	}
}

const oneNameOnly = `[{"fqdn":"api.internal.example"}]`
