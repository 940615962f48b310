package diagnose_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// One that ends with work under way while it is in service was not taken out first.
func TestAStopInServiceIsNoDrain(t *testing.T) {
	s := story.New(t)
	s.Traffic(20*time.Second, []int{4, 5, 6})
	for range 6 {
		s.Request(6, story.Path("/report"), story.Fails(story.RaceFault, 3*time.Second))
	}
	s.Traffic(20*time.Second, []int{4, 5, 6})
	for _, f := range s.Diagnose().Findings {
		t.Errorf("%s %s", f.Cause, f.Confidence)
	}
}

// A port that refuses now and then takes new connections in between.
func TestRefusalsNowAndThenAreNoClosedListener(t *testing.T) {
	s := story.New(t)
	for range 10 {
		s.Traffic(time.Second, []int{4})
		s.Request(4, story.Fails(story.RefusedFault, time.Millisecond))
		s.After(50 * time.Millisecond)
	}
	story.Expect(t, s.Diagnose())
}
