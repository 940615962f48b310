package network_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Timeouts only on connections that had been idle for longer than any that was answered: the path may have forgotten
// them.
func TestForgottenIdleConnections(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 60 {
		s.After(time.Second)
		if i%6 == 0 {
			s.Request(4, story.Reused(240*time.Second, i), story.Fails(story.TimeoutFault, 2*time.Second))
		} else {
			s.Request(4, story.Reused(10*time.Second, i))
		}
	}
	story.Expect(t, s.Diagnose(), "b-stateful-idle-drop medium 10")
}
