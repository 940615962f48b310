package connections_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// On the signal to stop a member closes its port, and goes on answering on the connections that it has.
func TestListenerClosesFirst(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 10 {
		s.Traffic(time.Second, []int{4}, story.Reused(100*time.Millisecond, 3))
		s.Request(4, story.Fails(story.RefusedFault, time.Millisecond))
		s.After(50 * time.Millisecond)
	}
	story.Expect(t, s.Diagnose(), "c-ignores-sigterm-listener-close medium 10")
}

// A port that refuses now and then takes new connections in between.
func TestRefusalsNowAndThenAreNoClosedListener(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 10 {
		s.Traffic(time.Second, []int{4})
		s.Request(4, story.Fails(story.RefusedFault, time.Millisecond))
		s.After(50 * time.Millisecond)
	}
	story.Expect(t, s.Diagnose())
}
