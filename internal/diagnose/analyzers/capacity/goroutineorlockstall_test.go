package capacity_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The gateway's process did not get to run: timeouts tell nothing about the member, and neither do clients that gave up.
func TestGatewayThatStoodStill(t *testing.T) {
	t.Parallel()
	stalled := func(d time.Duration) story.Change {
		return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Stalled = d }
	}
	s := story.New(t)
	s.Traffic(10*time.Second, []int{4})
	for range 10 {
		s.After(3*time.Second).Request(4, story.Fails(story.DropFault, 2*time.Second), stalled(1500*time.Millisecond))
		s.Request(4, story.Fails(fault.Fault{
			Side:  fault.Client,
			Phase: fault.Wait,
			Kind:  fault.Closed,
		}, 2*time.Second), stalled(1500*time.Millisecond))
	}
	story.Expect(t, s.Diagnose(), "h-goroutine-or-lock-stall high 20")
}
