package timing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/report"
)

var standstill = fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Timeout}

// begunAs is an answer of some type that began and was cut after a silence of the request timeout.
func begunAs(contentType string) story.Change {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		r.Fault, r.ErrorInfo, r.Status, r.Aborted, r.ContentType, r.Taken = standstill, standstill.ErrorInfo(), 200, true,
			[]byte(contentType), 2010*time.Millisecond
		a.Fault, a.Receive, a.Total = standstill, 2*time.Second, 2010*time.Millisecond
	}
}

// A stream that says nothing for the request timeout is no page that stands still.
func TestSilentStreams(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]string{
		"text/event-stream": "d-ws-sse-idle high", "Text/Event-Stream; charset=utf-8": "d-ws-sse-idle high",
		"text/html": "d-slow-body high", "": "d-slow-body high",
	} {
		t.Run(contentType, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := range 60 {
				if s.After(100 * time.Millisecond).Request(4 + i%2); i%4 == 0 {
					s.Request(4, story.Path("/events"), begunAs(contentType))
				}
			}
			r := s.Diagnose()
			if story.Causes(r) != want {
				t.Errorf("%s: found %q", contentType, story.Causes(r))
			}
			if step := story.StepOf(r, "request-timeout"); step.Result != report.Fail || !strings.Contains(step.Detail, "15 answers") {
				t.Errorf("%s: %+v", contentType, step)
			}
		})
	}
}

// A WebSocket that is ended for its silence is no failure, and worth knowing.
func TestSilentTunnels(t *testing.T) {
	t.Parallel()
	for silent, want := range map[bool]string{true: "d-ws-sse-idle", false: ""} {
		t.Run(fmt.Sprintf("silent %t", silent), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for range 15 {
				s.After(time.Second).Request(4)
				s.Request(4, story.Path("/socket"), func(r *accesslog.Record, a *accesslog.Attempt) {
					r.Status, a.Status, r.IdleEnd = 101, 101,
						silent
				})
			}
			r := s.Diagnose()
			if got := story.Noticed(r); got != want || r.Failures > 0 {
				t.Errorf("found %q, %d failures", got, r.Failures)
			}
			if step := story.StepOf(r, "request-timeout"); (step.Result == report.Fail) != silent {
				t.Errorf("%+v", step)
			}
		})
	}
}

// A tunnel that the gateway ended for silence says so in either form of the record.
func TestEndedForSilence(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 6 {
		s.After(time.Second).Request(4, func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Status, a.Status, r.EndedBy, r.End = 101, 101, accesslog.EndGateway, accesslog.EndIdle
		})
	}
	if fact := story.FactOf(s.Diagnose(), "d-ws-sse-idle"); !strings.HasPrefix(fact, "the gateway ended 6 of 6 WebSockets") {
		t.Errorf("got %q", fact)
	}
}
