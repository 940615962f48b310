package protocol_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// What answers does not begin like HTTP. If the member answers other requests in HTTP, one of its handlers writes by hand.
func TestForeignService(t *testing.T) {
	t.Parallel()
	greeting := fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.NotHTTP, Detail: `it began "SSH-2.0"`}
	story.Twins(t, func(s *story.Story, never bool) {
		other := 4
		if never {
			other = 5
		}
		for range 8 {
			s.After(time.Second).Request(4, story.Path("/raw"), story.Fails(greeting, 20*time.Millisecond))
			s.Request(other)
		}
	}, "e-foreign-service")
}
