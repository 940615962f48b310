package clients_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The client ends its body too early; a slow one does not end it.
func TestShortBody(t *testing.T) {
	t.Parallel()
	story.Decided(t, "j-short-body",
		fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Truncated},
		fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Timeout})
}

// nginx answers 400 to a client that closes in the middle of its body, and logs 499 of one that leaves while it waits. A request without a
// body cannot end one early.
func TestUploadsThatClientsEndOnAzure(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		method string
		status int
		want   []string
	}{
		"in the body":   {"POST", 400, []string{"j-short-body medium 10"}},
		"while waiting": {"POST", 499, []string{"j-client-abort high 10"}},
		"no body":       {"GET", 400, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for range 10 {
				s.After(2 * time.Second).Request(4)
				s.Request(0, story.Path("/upload"), func(r *accesslog.Record, _ *accesslog.Attempt) {
					r.Method, r.Status, r.ErrorInfo = []byte(x.method), x.status, fault.ClientClosed
				})
			}
			s.Counts = &story.Counts{Requests: 20, Failures: 10}
			story.Expect(t, s.Diagnose(), x.want...)
		})
	}
}

// A member that answers 400 itself had the whole request, or did not want it: the client left during its answer.
func TestMembersOwn400IsNoShortBody(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for range 10 {
		s.After(2 * time.Second).Request(4)
		s.Request(4, story.Path("/order"), story.Status(400), func(r *accesslog.Record, _ *accesslog.Attempt) {
			r.Method, r.ErrorInfo = []byte("POST"), fault.ClientClosed
		})
	}
	s.Counts = &story.Counts{Requests: 20, Failures: 10}
	story.Expect(t, s.Diagnose(), "j-client-abort high 10")
}
