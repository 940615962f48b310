package probes_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// A member fails for five seconds. If it had come back just before, by its health, one good probe brought it back too soon.
func TestFastReadmit(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, back bool) {
		s.Doc = story.Probed("/health")
		s.Traffic(10*time.Second, []int{4, 5, 6})
		if back {
			s.Traffic(20*time.Second, []int{4, 5})
			s.Server("10.0.0.6", "Up", "", "", "2026-11-23T08:00:00Z Up", s.Clock(10*time.Second)+" Down tcp_connect ECONNREFUSED",
				s.Clock(29*time.Second)+" Up")
		} else {
			s.Traffic(20*time.Second, []int{4, 5, 6})
			s.Server("10.0.0.6", "Up", "", "", "2026-11-23T08:00:00Z Up")
		}
		for range 50 {
			s.Request(6, story.Answers(503))
			s.Traffic(100*time.Millisecond, []int{4, 5})
		}
		s.Traffic(20*time.Second, []int{4, 5, 6})
	}, "a-fast-readmit")
}
