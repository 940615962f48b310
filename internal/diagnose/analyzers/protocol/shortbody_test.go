package protocol_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The same bytes are missing each time: a wrong length. Different ones, spread over time: perhaps a crash.
func TestShortBody(t *testing.T) {
	t.Parallel()
	f := func(missing func(i int) int64, want string) {
		t.Helper()
		s := story.New(t)
		for i := range 6 {
			s.After(time.Second).Request(4, func(r *accesslog.Record, a *accesslog.Attempt) {
				x := fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Truncated}
				r.Fault, r.ErrorInfo, r.Aborted, a.Fault = x, x.ErrorInfo(), true, x
				a.DeclaredIn, a.BytesIn = 1000, 1000-missing(i)
			})
		}
		story.Expect(t, s.Diagnose(), want)
	}
	f(func(int) int64 { return 7 }, "e-short-body high 6")
	f(func(i int) int64 { return int64(100 * i) }, "e-short-body medium 6")
}
