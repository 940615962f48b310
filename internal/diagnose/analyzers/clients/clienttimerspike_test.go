package clients_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Clients leave before an answer. A timer of theirs ends at one age; people leave at all ages.
func TestClientTimerSpike(t *testing.T) {
	t.Parallel()
	left := fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}
	story.Twins(t, func(s *story.Story, oneAge bool) {
		for i := range 60 {
			s.After(3*time.Second).Request(4, story.Took(4*time.Second))
			age := time.Duration(700+i*37) * time.Millisecond
			if oneAge {
				age = time.Second
			}
			if i%3 == 0 {
				s.Request(4, story.From(i), story.Fails(left, age))
			}
		}
	}, "j-client-timer-spike")
}

// All who leave a slow path do so at ten seconds, before any answer of that length, and a few others leave at once elsewhere.
func TestClientTimerOnASlowPath(t *testing.T) {
	t.Parallel()
	left := fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}
	s := story.NewAzure(t)
	for i := range 300 {
		switch s.After(time.Second); {
		case i%5 == 0:
			s.Request(4+i%3, story.Path("/labels"), story.Fails(left, 10*time.Second+time.Duration(i%4)*time.Millisecond))
		case i%5 == 1:
			s.Request(4+i%3, story.Path("/labels"), story.Took(time.Duration(3000+(i*37)%6500)*time.Millisecond))
		case i%100 == 3:
			s.Request(4+i%3, story.Fails(left, 20*time.Millisecond))
		default:
			s.Request(4 + i%3)
		}
	}
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":30`, 1)
	story.Expect(t, s.Diagnose(), "j-client-timer-spike high 60", "j-client-abort high 3")
}

// A log without the column of members shows the clients' timer all the same.
func TestClientTimerWithoutMembers(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 60 {
		s.After(time.Second).Request(0, story.Status(200))
		if i%3 == 0 {
			s.Request(0, func(r *accesslog.Record, _ *accesslog.Attempt) {
				r.Status, r.ErrorInfo, r.Taken = 499, fault.ClientClosed, 10*time.Second+time.Duration(i%5)*time.Millisecond
			})
		}
	}
	s.Counts = &story.Counts{Requests: 80, Failures: 20}
	story.Expect(t, s.Diagnose(), "j-client-timer-spike high 20")
}
