package connections_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// Attempts to connect get no answer. If others succeed when the kernel retries, a second later, the member accepts too slowly.
func TestAcceptQueue(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, whenAskedAgain bool) {
		late := 300 * time.Millisecond
		if whenAskedAgain {
			late = 1010 * time.Millisecond
		}
		for i := range 60 {
			s.After(time.Second).Request(4, story.Reused(time.Second, i))
			switch i % 6 {
			case 0:
				s.Request(4, story.Fails(story.DropFault, 5*time.Second))
			case 2:
				s.Request(4, story.Took(late+10*time.Millisecond), func(_ *accesslog.Record, a *accesslog.Attempt) { a.Connect = late })
			default:
				s.Request(4)
			}
		}
	}, "c-accept-queue")
}
