package connections_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// A request that ends whoever gets it is sent again, and so goes through all members in turn.
func TestPoisonThatGoesRoundIsNoRollOut(t *testing.T) {
	s := story.New(t)
	s.Traffic(10*time.Second, []int{4, 5, 6})
	for _, m := range []int{4, 5, 6} {
		rest := []int{4, 5, 6}
		rest = append(rest[:m-4:m-4], rest[m-3:]...)
		s.Request(m, story.Path("/boom"), story.Fails(story.RaceFault, 5*time.Millisecond))
		s.Request(m, story.Fails(story.RaceFault, 5*time.Millisecond))
		for range 20 {
			s.Request(m, story.Fails(story.RefusedFault, time.Millisecond))
			s.Traffic(100*time.Millisecond, rest)
		}
		s.Traffic(10*time.Second, []int{4, 5, 6})
	}
	story.Spares(t, s.Diagnose(), "c-deploy-no-drain", "c-restart")
}

// Members of two pools under the same settings restart, one of each: that is no roll-out.
func TestRestartsInTwoPoolsAreNoRollOut(t *testing.T) {
	s := story.New(t)
	canary := func(r *accesslog.Record, _ *accesslog.Attempt) { r.Pool = "canary" }
	gone := func(m int, in ...story.Change) {
		for range 3 {
			s.Request(m, append(in, story.Fails(story.RaceFault, 5*time.Millisecond))...)
		}
		s.Traffic(2*time.Second, []int{m}, append(in, story.Fails(story.RefusedFault, time.Millisecond))...)
	}
	s.Traffic(10*time.Second, []int{4})
	s.Traffic(10*time.Second, []int{5}, canary)
	gone(4)
	s.Traffic(10*time.Second, []int{4})
	s.After(5 * time.Minute)
	gone(5, canary)
	s.Traffic(10*time.Second, []int{5}, canary)
	s.Traffic(10*time.Second, []int{4})
	story.Spares(t, s.Diagnose(), "c-deploy-no-drain")
}
