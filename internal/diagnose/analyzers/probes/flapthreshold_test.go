package probes_test

import (
	"fmt"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// A roll-out takes each member out once, by its health page, and is too quick for the pool. Members that go again and again flap.
func TestRollOutIsNoFlapping(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, again bool) {
		s.Doc = story.Probed("/health")
		rounds := 1
		if again {
			rounds = 3
		}
		history := make([][]string, 3)
		for range rounds {
			s.Traffic(10*time.Second, []int{4, 5, 6})
			from := s.Since()
			s.Traffic(10*time.Second, []int{5, 6})
			s.Traffic(10*time.Second, []int{6})
			s.OutOfService(10 * time.Second)
			for i := range history {
				history[i] = append(history[i], s.Clock(from+time.Duration(i)*10*time.Second)+" Down status_mismatch 503",
					s.Clock(s.Since())+" Up")
			}
			s.Traffic(20*time.Second, []int{4, 5, 6})
		}
		for i, h := range history {
			s.Server(fmt.Sprintf("10.0.0.%d", 4+i), "Up", "", "", append([]string{"2026-11-23T08:00:00Z Up"}, h...)...)
		}
	}, "a-flap-threshold", "a-probe-too-deep")
}

// Members go by turns. Where a limiter refuses probes, because there are too many of them, no member is marginal.
func TestRefusedProbesAreNoFlapping(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, ill bool) {
		down := " Down status_mismatch 429"
		if ill {
			down = " Down status_mismatch 503"
		}
		s.Doc = story.Probed("/health")
		var history [2][]string
		for range 4 {
			s.Traffic(10*time.Second, []int{4, 5})
			history[0] = append(history[0], s.Clock(s.Since()-5*time.Second)+down, s.Clock(s.Since()+10*time.Second)+" Up")
			history[1] = append(history[1], s.Clock(s.Since()+time.Second)+down, s.Clock(s.Since()+5*time.Second)+" Up")
			s.After(time.Second)
			s.OutOfService(4 * time.Second)
			s.Traffic(10*time.Second, []int{5})
		}
		for i, m := range []string{"10.0.0.4", "10.0.0.5"} {
			s.Server(m, "Up", "", "", history[i]...)
		}
	}, "a-flap-threshold")
}

// Two members that are down by turns, and now and then both.
func TestFlappingMembers(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Doc = story.Probed("/health")
	for range 3 {
		s.Traffic(10*time.Second, []int{4})
		s.OutOfService(5 * time.Second)
		s.Traffic(15*time.Second, []int{5})
	}
	s.Server("10.0.0.4", "Down", "status_mismatch", "", "2026-11-23T09:00:00Z Up", "2026-11-23T09:00:10Z Down status_mismatch 503",
		"2026-11-23T09:00:30Z Up", "2026-11-23T09:00:40Z Down status_mismatch 503", "2026-11-23T09:01:00Z Up",
		"2026-11-23T09:01:10Z Down status_mismatch 503")
	s.Server("10.0.0.5", "Up", "", "", "2026-11-23T08:59:50Z Down status_mismatch 503", "2026-11-23T09:00:15Z Up",
		"2026-11-23T09:00:30Z Down status_mismatch 503", "2026-11-23T09:00:45Z Up", "2026-11-23T09:01:00Z Down status_mismatch 503",
		"2026-11-23T09:01:15Z Up")
	story.Expect(t, s.Diagnose(), "a-flap-threshold medium 150")
}
