package network_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// An address presents a certificate of another site. If its certificate was accepted before, it may belong to another server now.
func TestIPReused(t *testing.T) {
	t.Parallel()
	untrusted := fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_unknown_ca"}
	foreign := func(_ *accesslog.Record, a *accesslog.Attempt) { a.Presented = "other.example" }
	for name, before := range map[string]bool{"accepted before": true, "never accepted": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			if before {
				s.Traffic(10*time.Second, []int{4, 5})
			}
			for range 20 {
				s.After(time.Second).Request(4, story.Fails(untrusted, 5*time.Millisecond), foreign)
				s.Request(5)
			}
			f := story.Found(t, s.Diagnose(), 0)
			if may := strings.Contains(story.RivalsOf(f), "b-ip-reused"); f.Cause != "f-unknown-ca" || may != before {
				t.Errorf("%s, rivals %s", f.Cause, story.RivalsOf(f))
			}
		})
	}
}
