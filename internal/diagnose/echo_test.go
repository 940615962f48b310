package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// Timeouts away from the timer of the document say that it is of another time, or that it was no request timeout.
func TestTimeoutsAwayFromTheDocument(t *testing.T) {
	for _, after := range []time.Duration{10 * time.Second, 47 * time.Second} {
		r := story.Lively(t, 10, story.Fails(story.TimeoutFault, after)).Diagnose()
		if got := story.Causes(r); got != "" || strings.Contains(story.StepOf(r, "request-timeout").Detail, "whole") && after < 30*time.Second {
			t.Errorf("%s: found %q, %+v", after, got, story.StepOf(r, "request-timeout"))
		}
	}
}

// The first attempt of two has no answer, though serverStatus gives each one: "502, 200".
func TestEchoOfAnAttemptThatARetryHid(t *testing.T) {
	s := story.NewAzure(t)
	for i := range 40 {
		if s.After(time.Second); i%8 == 3 {
			s.Request(4, story.Recovered(story.RefusedFault, func(_ *accesslog.Record, a *accesslog.Attempt) { a.HeaderTime = accesslog.Unset }), func(r *accesslog.Record, _ *accesslog.Attempt) { r.Attempts[0].Status = 502 })
		} else {
			s.Request(4)
		}
	}
	if r := s.Diagnose(); r.Recovered != 5 || r.Failures != 0 {
		t.Errorf("%d failures, %d recovered", r.Failures, r.Recovered)
	}
}
