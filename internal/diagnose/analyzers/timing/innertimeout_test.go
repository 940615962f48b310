package timing_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// A timer of the application ends some requests on all instances alike. That takes nothing from what instance 1 does.
func TestInstanceFaultBesideAnother(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":60`, 1)
	for i := range 900 {
		s.After(2 * time.Second)
		switch {
		case i%3 == 1 && i%8 == 1:
			s.Request(4+i/3%3, story.ByInstance(1), story.Fails(story.RaceFault, 300*time.Millisecond))
		case i%20 == 3:
			s.Request(4+i/3%3, story.ByInstance(i%3), story.Path("/search"),
				story.Took(30*time.Second+time.Duration(i)*50*time.Microsecond), story.Status(504))
		default:
			s.Request(4+i/3%3, story.ByInstance(i%3))
		}
	}
	story.Expect(t, s.Diagnose(), "d-inner-timeout high 45", "h-instance-fault high 38")
}

// What is behind the member gives up after a second; the request timeout is two.
func TestInnerTimeout(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 200 {
		s.After(time.Second).Request(4)
		if i%10 == 0 {
			s.Request(4, story.Path("/search"), story.Took(time.Second+time.Duration(i)*50*time.Microsecond), story.Status(504))
		}
	}
	story.Expect(t, s.Diagnose(), "d-inner-timeout high 20")
}
