package clients_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Six downloads end at one moment: the process did, not the declared length.
func TestDownloadsThatEndTogether(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	story.Steady(s, 50, 100*time.Millisecond)
	for i := range 6 {
		s.After(time.Millisecond).Request(4, func(r *accesslog.Record, a *accesslog.Attempt) {
			f := fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Truncated}
			r.Fault, r.ErrorInfo, r.Aborted, a.Fault = f, f.ErrorInfo(), true, f
			a.DeclaredIn, a.BytesIn = 100_000, int64(1000*i+17)
		})
	}
	story.Undecided(t, s, 6)
}

// The client's side ended while the answer was on its way to it; if the member's side ended, the answer was cut there.
func TestClientCutsDownloads(t *testing.T) {
	t.Parallel()
	story.Decided(t, "j-client-rst-mid-download",
		fault.Fault{Side: fault.Client, Phase: fault.Deliver, Kind: fault.Reset},
		fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Reset})
}
