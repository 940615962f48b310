package clients_test

import (
	"testing"
	"time"

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
