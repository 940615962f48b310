package timing_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// The backend holds a poll for as long as the gateway waits.
func TestHoldAsLongAsTheTimeout(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 60 {
		s.After(3 * time.Second).Request(4)
		if i%2 == 0 {
			s.Request(4, story.Path("/poll"), story.Took(1990*time.Millisecond))
		} else {
			s.Request(4, story.Path("/poll"), story.Fails(story.TimeoutFault, 2*time.Second))
		}
	}
	story.Expect(t, s.Diagnose(), "d-longpoll-equals-timer high 30")
}
