package connections_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Every lost request was the twenty-first on its connection.
func TestUseLimit(t *testing.T) {
	s := story.New(t)
	for i := range 300 {
		s.After(40 * time.Millisecond)
		idle := time.Duration(i*i%700) * time.Millisecond
		if i%21 == 20 {
			s.Request(4, story.Reused(idle, 20), story.Fails(story.RaceFault, time.Duration(1+i%7)*time.Millisecond))
		} else {
			s.Request(4, story.Reused(idle, i%21))
		}
	}
	story.Expect(t, s.Diagnose(), "c-keepalive-max-requests high 14")
}
