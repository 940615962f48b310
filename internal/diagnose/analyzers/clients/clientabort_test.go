package clients_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Clients give up after a second on a path that nobody was ever answered on. Are they impatient, or is it stuck?
func TestGivingUpOnAStuckPathIsNotTheClientsFault(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 100 {
		s.After(100 * time.Millisecond).Request(4)
		if i%5 == 0 {
			s.Request(4, story.Path("/stuck"), story.Fails(fault.Fault{
				Side:  fault.Client,
				Phase: fault.Wait,
				Kind:  fault.Closed,
			}, time.Second))
		}
	}
	story.Undecided(t, s, 20)
}

// A log without error_info still has the status: 499 for a client that left, 404 for a page that is missing.
func TestClientThatLeftWithoutErrorInfo(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, left bool) {
		status := 404
		if left {
			status = 499
		}
		s.Azure = true
		for i := range 60 {
			s.After(time.Second).Request(4)
			if i%4 == 0 {
				s.Request(4, story.Took(time.Duration(300+i)*time.Millisecond), func(r *accesslog.Record, a *accesslog.Attempt) {
					r.Status, a.Status, r.ErrorInfo = status, 0, ""
				})
			}
		}
	}, "j-client-abort")
}
