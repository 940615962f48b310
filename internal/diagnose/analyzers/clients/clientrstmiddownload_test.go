package clients_test

import (
	"strings"
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

// nginx logs the status of an answer whose head it has sent, and 499 of a client that left before: so Azure's log tells the two apart. All
// at one age they have a timer.
func TestDownloadsThatClientsEndOnAzure(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		status int
		after  func(i int) time.Duration // it left
		want   string
		timer  bool
	}{
		"people":        {200, func(i int) time.Duration { return time.Duration(1+i) * time.Second }, "j-client-rst-mid-download medium 12", false},
		"a timer":       {200, func(int) time.Duration { return 8 * time.Second }, "j-client-rst-mid-download medium 12", true},
		"at once":       {200, func(int) time.Duration { return 15 * time.Millisecond }, "j-client-abort high 12", false},
		"while waiting": {499, func(i int) time.Duration { return time.Duration(1+i) * 10 * time.Millisecond }, "j-client-abort high 12", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for i := range 12 {
				s.After(20 * time.Second).Request(4)
				s.Request(4, story.Path("/file"), func(r *accesslog.Record, a *accesslog.Attempt) {
					r.Status, r.ErrorInfo, r.Taken, a.Total = x.status, fault.ClientClosed, x.after(i), x.after(i)
				})
			}
			s.Counts = &story.Counts{Requests: 24, Failures: 12}
			r := s.Diagnose()
			story.Expect(t, r, x.want)
			if got := strings.Contains(story.TextOf(t, r), "a timer of theirs"); got != x.timer {
				t.Errorf("a timer: %t", got)
			}
		})
	}
}
