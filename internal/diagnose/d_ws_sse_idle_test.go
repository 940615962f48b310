package diagnose

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

var standstill = fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Timeout}

// begunAs is an answer of some type that began and was cut after a silence of the request timeout.
func begunAs(contentType string) change2 {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		r.Fault, r.ErrorInfo, r.Status, r.Aborted, r.ContentType, r.Taken = standstill, standstill.ErrorInfo(), 200, true, []byte(contentType), 2010*time.Millisecond
		a.Fault, a.Receive, a.Total = standstill, 2*time.Second, 2010*time.Millisecond
	}
}

// A stream that says nothing for the request timeout is no page that stands still.
func TestSilentStreams(t *testing.T) {
	for contentType, want := range map[string]string{
		"text/event-stream": "d-ws-sse-idle high", "Text/Event-Stream; charset=utf-8": "d-ws-sse-idle high", "text/html": "d-slow-body high", "": "d-slow-body high",
	} {
		s := newStory(t)
		for i := range 60 {
			if s.after(100 * time.Millisecond).request(4 + i%2); i%4 == 0 {
				s.request(4, path("/events"), begunAs(contentType))
			}
		}
		r := s.diagnose()
		if causes(r) != want {
			t.Errorf("%s: found %q", contentType, causes(r))
		}
		if step := stepOf(r, "request-timeout"); step.Result != fail || !strings.Contains(step.Detail, "15 answers") {
			t.Errorf("%s: %+v", contentType, step)
		}
	}
}

// A WebSocket that is ended for its silence is no failure, and worth knowing.
func TestSilentTunnels(t *testing.T) {
	for silent, want := range map[bool]string{true: "d-ws-sse-idle", false: ""} {
		s := newStory(t)
		for range 15 {
			s.after(time.Second).request(4)
			s.request(4, path("/socket"), func(r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status, r.IdleEnd = 101, 101, silent })
		}
		r := s.diagnose()
		if got := noticed(r); got != want || r.Failures > 0 {
			t.Errorf("found %q, %d failures", got, r.Failures)
		}
		if step := stepOf(r, "request-timeout"); (step.Result == fail) != silent {
			t.Errorf("%+v", step)
		}
	}
}

// The gateway ended requests at its own limit for interim responses: the report names the limit and its numbers, and blames nobody.
func TestInterimLimitIsTheGateways(t *testing.T) {
	for _, detail := range []string{"the gateway passes on at most 1,000 interim responses a second to a request", "the gateway passes on at most 4 MiB of interim responses to a request"} {
		s := newStory(t)
		limit := fault.Fault{Side: fault.Gateway, Phase: fault.Head, Kind: fault.BadInterim, Detail: detail}
		for range 10 {
			s.after(time.Second).request(4, fails(limit, 10*time.Millisecond), func(_ *accesslog.Record, a *accesslog.Attempt) { a.Interim = 1001 })
			s.request(5)
		}
		r := s.diagnose()
		expect(t, r, "e-interim high 10")
		for _, want := range []string{"at most 1,000 interim responses (1xx) a second and 4 MiB", "own: a member may send any number of them", "let 10.0.0.4 send fewer interim responses"} {
			everyForm(t, r, want)
		}
		everyForm(t, r, detail)
	}
}

// Interim responses may come in any number: where they end a request it is for a limit of the gateway's. A switch of protocols that
// nobody asked for is the member's fault.
func TestInterimResponses(t *testing.T) {
	for detail, want := range map[string]string{"it switches to a protocol that nobody asked for": "e-interim high", "interim responses of more than 65536 bytes": ""} {
		s := newStory(t)
		bad := fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.BadInterim, Detail: detail}
		for range 10 {
			s.after(time.Second).request(4, fails(bad, 10*time.Millisecond))
			s.request(5)
		}
		r := s.diagnose()
		if causes(r) != want || want == "" && !strings.Contains(r.Undetermined.Groups[0].Next, "the gateway's own: "+"") && !strings.Contains(r.Undetermined.Groups[0].Next, "is the gateway's own") {
			t.Errorf("%s: found %q, open %+v", detail, causes(r), r.Undetermined.Groups)
		}
	}
}
