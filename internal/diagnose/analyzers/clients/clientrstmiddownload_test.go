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
