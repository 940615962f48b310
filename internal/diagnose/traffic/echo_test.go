package traffic_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// The first attempt of two has no answer, though serverStatus gives each one: "502, 200".
func TestEchoOfAnAttemptThatARetryHid(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 40 {
		if s.After(time.Second); i%8 == 3 {
			s.Request(4, story.Recovered(story.RefusedFault,
				func(_ *accesslog.Record, a *accesslog.Attempt) { a.HeaderTime = accesslog.Unset }),
				func(r *accesslog.Record, _ *accesslog.Attempt) { r.Attempts[0].Status = 502 })
		} else {
			s.Request(4)
		}
	}
	if r := s.Diagnose(); r.Recovered != 5 || r.Failures != 0 {
		t.Errorf("%d failures, %d recovered", r.Failures, r.Recovered)
	}
}

// An export may lack serverStatus. A head that came shows an answer all the same, and so does a status that the gateway does not give for
// itself once it has asked a member.
func TestAnswersWithoutServerStatus(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 60 {
		s.After(time.Second)
		unsaid := func(_ *accesslog.Record, a *accesslog.Attempt) { a.Status = 0 }
		if i%6 == 5 {
			s.Request(4, story.Answers(500), unsaid)
		} else {
			s.Request(4, unsaid)
		}
	}
	s.Counts = &story.Counts{Requests: 60, Failures: 10}
	story.Expect(t, s.Diagnose(), "k-backend-5xx high 10")
}
