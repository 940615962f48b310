package capacity_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Requests time out. If they do so when much traffic comes, and all answers are slower then, they wait for a processor.
func TestCPUQueueing(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, whenBusy bool) {
		for i := range 300 {
			s.After(time.Second)
			busy := i%10 == 0
			count, took := 2, 50*time.Millisecond
			if busy {
				count, took = 20, 600*time.Millisecond
			}
			for n := range count {
				path := story.Path([]string{"/a", "/b"}[n%2])
				if n < 2 && i%5 == 0 && (busy == whenBusy) {
					s.Request(4, path, story.Fails(story.TimeoutFault, 2*time.Second))
				} else {
					s.Request(4, path, story.Took(took))
				}
			}
		}
	}, "g-cpu-queueing")
}
