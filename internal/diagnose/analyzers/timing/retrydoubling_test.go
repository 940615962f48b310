package timing_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// Both members were waited for, one after the other.
func TestRetryDoubling(t *testing.T) {
	t.Parallel()
	r := story.DoubledWaits(t, 8).Diagnose()
	found := false
	for _, f := range r.Findings {
		found = found || f.Cause == "d-retry-doubling" && f.Contributing == 8 && f.Failures == 0
	}
	if !found || r.Failures != 8 {
		t.Errorf("%d failures, %+v", r.Failures, r.Findings)
	}
}

// Both members were waited for in vain, one after the other: none of them alone is it.
func TestHungAtTwoMembers(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for range 10 {
		s.Request(4, story.Fails(story.TimeoutFault, 40*time.Second), func(r *accesslog.Record, a *accesslog.Attempt) {
			a.Total = 20 * time.Second
			first := *a
			first.Server = netip.MustParseAddrPort("10.0.0.5:80")
			first.Member = "10.0.0.5"
			r.Attempts = append(r.Attempts, first)
		})
		for i := range 60 {
			s.After(time.Second).Request(4 + i%2)
		}
	}
	for _, f := range s.Diagnose().Findings {
		if f.Cause != "d-retry-doubling" && (f.Cause != "d-hung" || f.Scope.Member != "") {
			t.Errorf("%s, scope %+v", f.Cause, f.Scope)
		}
	}
}
