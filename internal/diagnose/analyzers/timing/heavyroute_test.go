package timing_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// importing has clients leave late and requests time out on one path; the member answers all others at once. slow of the path's
// requests are answered late.
func importing(t *testing.T, slow int) *story.Story {
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":60`, 1)
	left := func(after time.Duration) story.Change {
		return func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Status, r.ErrorInfo, r.Taken = fault.ClientGone, fault.ClientClosed, after
			a.Status, a.HeaderTime, a.Wait, a.Total = 0, accesslog.Unset, accesslog.Unset, after
		}
	}
	for i := range 600 {
		s.After(2 * time.Second).Request(4 + i%2)
		switch {
		case i%40 == 7:
			s.Request(4, story.Path("/import"), story.Fails(story.TimeoutFault, 60*time.Second))
		case i%20 == 13:
			s.Request(5, story.Path("/import"), left(time.Duration(20+i%39)*time.Second))
		case i%30 == 4 && slow > 0:
			slow--
			s.Request(4, story.Path("/import"), story.Took(time.Duration(10+i%45)*time.Second))
		}
	}
	return s
}

func TestLeaversAndTimeoutsAreOneStory(t *testing.T) {
	t.Parallel()
	story.Expect(t, importing(t, 15).Diagnose(), "d-slow-route medium 45")
	r := importing(t, 0).Diagnose() // whether it ever ends is not seen
	if len(r.Findings) != 0 || len(r.Undetermined.Groups) != 1 || story.Likely(r) != "d-slow-route" {
		t.Errorf("found %q, open %q", story.Causes(r), story.Likely(r))
	}
}
