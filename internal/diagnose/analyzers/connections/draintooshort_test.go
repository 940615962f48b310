package connections_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// A member is taken out of the document. What it had to do when it stopped, five seconds later, ends with it.
func TestDrainTooShort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		azure bool
		want  string
	}{{false, "c-drain-too-short high 6"}, {true, "c-drain-too-short medium 6"}} {
		t.Run(fmt.Sprintf("azure %v", c.azure), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Azure = c.azure
			s.Traffic(20*time.Second, []int{4, 5, 7}) // the document has 4, 5 and 6
			left := s.At
			for i := range 6 {
				s.At = left.Add(-time.Duration(i+1) * 200 * time.Millisecond)
				s.Request(7, story.Path("/report"), story.Fails(story.RaceFault, left.Add(5*time.Second).Sub(s.At)))
			}
			s.At = left
			s.Traffic(20*time.Second, []int{4, 5})
			s.Server("10.0.0.4", "Up", "", "", "2026-11-23T08:00:00Z Up")
			story.Expect(t, s.Diagnose(), c.want)
		})
	}
}

// Requests end together half a minute after their member got the last one. If they began before it left the document, it was taken
// out and then stopped; if they began when it answered nobody any more, it hung, and its supervisor ended it.
func TestHungMemberThatIsEndedIsNoDrain(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, begunBefore bool) {
		s.Azure = true
		s.Traffic(20*time.Second, []int{4, 5, 7})
		left := s.At
		for i := range 10 {
			if begunBefore {
				s.At = left.Add(-time.Duration(i+1) * time.Second)
			} else {
				s.At = left.Add(time.Duration(i) * time.Second)
			}
			s.Request(7, story.Path("/report"), story.Fails(story.RaceFault, left.Add(30*time.Second).Sub(s.At)))
		}
		s.At = left
		s.Traffic(60*time.Second, []int{4, 5})
		s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":120`, 1)
	}, "c-drain-too-short")
}

// One that ends with work under way while it is in service was not taken out first.
func TestAStopInServiceIsNoDrain(t *testing.T) {
	t.Parallel()
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
