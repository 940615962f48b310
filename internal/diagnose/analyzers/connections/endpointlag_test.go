package connections_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// A member goes, and the document follows seconds later: sooner than probes every thirty seconds could have.
func TestEndpointLag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		member int
		azure  bool
		want   []string
	}{
		{7, false, []string{"c-endpoint-lag high 40"}},
		{7, true, []string{"c-endpoint-lag medium 40"}},
		{6, true, []string{"a-slow-eviction high 40"}}, // which the document still has
	} {
		t.Run(fmt.Sprintf("member %v, azure %v", c.member, c.azure), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Azure = c.azure
			s.Traffic(20*time.Second, []int{4, 5, c.member})
			for range 40 {
				s.Request(4)
				s.Request(c.member, story.Fails(story.RefusedFault, time.Millisecond))
				s.After(100 * time.Millisecond)
			}
			s.Traffic(20*time.Second, []int{4, 5})
			story.Expect(t, s.Diagnose(), c.want...)
		})
	}
}

// A member that the document no longer has, and that was held back until then, was gone before the document said so.
func TestHeldBackUntilTheDocumentFollows(t *testing.T) {
	t.Parallel()
	s := story.HeldBack(t)
	s.Doc = strings.Replace(story.Document, `,{"ipAddress":"10.0.0.6"}`, "", 1)
	if got := story.Causes(s.Diagnose()); !strings.HasPrefix(got, "c-endpoint-lag high") {
		t.Errorf("found %q", got)
	}
	s = story.HeldBack(t)
	s.Doc = strings.Replace(story.Document, `,{"ipAddress":"10.0.0.6"}`, "", 1)
	for i := range s.Records { // the same few failures, and nobody held it back: too few
		s.Records[i].HeldBack = ""
		for j := range s.Records[i].Attempts {
			s.Records[i].Attempts[j].Ejected = false
		}
	}
	if got := story.Causes(s.Diagnose()); strings.Contains(got, "c-endpoint-lag") {
		t.Errorf("without passive ejection: found %q", got)
	}
}

// A member refuses for four seconds, and is gone. If it got nothing in the minute before, nobody knows when it died.
func TestDeathInAQuietMinute(t *testing.T) {
	t.Parallel()
	for kind, azure := range map[string]bool{"Causeway": false, "Azure": true} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			story.Twins(t, func(s *story.Story, justAnswered bool) {
				s.Azure = azure
				s.Traffic(20*time.Second, []int{4, 5, 7})
				if !justAnswered {
					s.After(80 * time.Second)
				}
				for range 40 {
					s.Request(4)
					s.Request(7, story.Fails(story.RefusedFault, time.Millisecond))
					s.After(100 * time.Millisecond)
				}
				s.Traffic(20*time.Second, []int{4, 5})
			}, "c-endpoint-lag")
		})
	}
}
