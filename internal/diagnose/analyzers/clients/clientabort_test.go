package clients_test

import (
	"slices"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Clients give up after a second on a path that nobody was ever answered on. Are they impatient, or is it stuck?
func TestGivingUpOnAStuckPathIsNotTheClientsFault(t *testing.T) {
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

// A log may say 499 and nothing else: the status alone tells that the client had left.
func TestLeftWithoutAWord(t *testing.T) {
	for _, status := range []int{fault.ClientGone, 404} {
		s := story.NewAzure(t)
		s.Counts = &story.Counts{Requests: 40}
		for range 20 {
			s.After(time.Second).Request(4)
			s.Request(4, story.Took(3*time.Second), func(r *accesslog.Record, a *accesslog.Attempt) {
				r.Status, r.ErrorInfo, a.Status = status, "", 0
			})
		}
		if status == fault.ClientGone {
			s.Counts.Failures = 20
		}
		if r := s.Diagnose(); r.Failures != s.Counts.Failures ||
			slices.ContainsFunc(r.Undetermined.Rivals, func(id string) bool { return id[0] != 'j' && id[0] != 'd' && id[0] != 'g' }) {
			t.Errorf("status %d: %d failures, perhaps %v", status, r.Failures, r.Undetermined.Rivals)
		}
	}
}
