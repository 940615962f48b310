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

// Clients leave downloads of a gateway that stands still. A client is not at fault there, nor one beside it that the gateway had not even
// read; on a gateway that runs, it left.
func TestClientsThatLeaveAGatewayThatStandsStill(t *testing.T) {
	t.Parallel()
	left := fault.Fault{Side: fault.Client, Phase: fault.Deliver, Kind: fault.Reset}
	play := func(apart time.Duration, stalled func(i int) time.Duration) *story.Story {
		s := story.New(t)
		s.Traffic(10*time.Second, []int{4})
		for i := range 30 {
			s.After(apart).Request(4, story.Fails(left, 300*time.Millisecond), func(r *accesslog.Record, _ *accesslog.Attempt) { r.Stalled = stalled(i) })
		}
		return s
	}
	every := func(n int, d time.Duration) func(int) time.Duration {
		return func(i int) time.Duration {
			if i%n > 0 {
				return d
			}
			return 0
		}
	}
	none := func(int) time.Duration { return 0 }
	all := func(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }
	const soon, later = 50 * time.Millisecond, 5 * time.Second
	story.Expect(t, play(soon, none).Diagnose(), "j-client-rst-mid-download high 30")
	story.Expect(t, play(soon, all(20*time.Millisecond)).Diagnose(), "j-client-rst-mid-download high 30")
	story.Expect(t, play(soon, all(200*time.Millisecond)).Diagnose(), "h-goroutine-or-lock-stall high 30")
	story.Undecided(t, play(soon, all(60*time.Millisecond)), 30)
	story.Expect(t, play(soon, every(5, 200*time.Millisecond)).Diagnose(), "h-goroutine-or-lock-stall high 24")
	story.Expect(t, play(later, every(5, 200*time.Millisecond)).Diagnose(), "h-goroutine-or-lock-stall high 24", "j-client-rst-mid-download high 6")
}
