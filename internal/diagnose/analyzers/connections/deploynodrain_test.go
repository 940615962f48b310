package connections_test

import (
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// Members go away one after another. If each had a request that nobody ever answered, that request ended it, was sent again, and so
// went through all of them.
func TestPoisonThatGoesRoundIsNoRollOut(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, usualPath bool) {
		path := "/boom"
		if usualPath {
			path = "/a"
		}
		s.Traffic(10*time.Second, []int{4, 5, 6})
		for _, m := range []int{4, 5, 6} {
			rest := []int{4, 5, 6}
			rest = append(rest[:m-4:m-4], rest[m-3:]...)
			s.Request(m, story.Path(path), story.Fails(story.RaceFault, 5*time.Millisecond))
			s.Request(m, story.Fails(story.RaceFault, 5*time.Millisecond))
			for range 20 {
				s.Request(m, story.Fails(story.RefusedFault, time.Millisecond))
				s.Traffic(100*time.Millisecond, rest)
			}
			s.Traffic(10*time.Second, []int{4, 5, 6})
		}
	}, "c-deploy-no-drain", "c-restart")
}

// Two members restart, one after the other. In two pools, even under the same settings, that is no roll-out.
func TestRestartsInTwoPoolsAreNoRollOut(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, onePool bool) {
		second := func(r *accesslog.Record, _ *accesslog.Attempt) {
			if !onePool {
				r.Pool = "canary"
			}
		}
		gone := func(m int, in ...story.Change) {
			for range 3 {
				s.Request(m, append(in, story.Fails(story.RaceFault, 5*time.Millisecond))...)
			}
			s.Traffic(2*time.Second, []int{m}, append(in, story.Fails(story.RefusedFault, time.Millisecond))...)
		}
		s.Traffic(10*time.Second, []int{4})
		s.Traffic(10*time.Second, []int{5}, second)
		gone(4)
		s.Traffic(10*time.Second, []int{4})
		s.After(5 * time.Minute)
		gone(5, second)
		s.Traffic(10*time.Second, []int{5}, second)
		s.Traffic(10*time.Second, []int{4})
	}, "c-deploy-no-drain")
}
