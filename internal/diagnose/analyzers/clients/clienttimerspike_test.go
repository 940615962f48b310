package clients_test

import (
	"testing"
	"time"

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
