package connections_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// requestTo is a request by a method and a path.
func requestTo(method, uri string) story.Change {
	return func(r *accesslog.Record, _ *accesslog.Attempt) {
		r.Method, r.URI, r.OriginalURI = []byte(method), []byte(uri), []byte(uri)
	}
}

// onPort is a request on one connection.
func onPort(n int, changes ...story.Change) story.Change {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		for _, c := range changes {
			c(r, a)
		}
		a.LocalPort = uint16(30000 + n)
	}
}

// closerStory has a member that closes right after it has answered some uploads; the next request on the connection may be lost.
func closerStory(t *testing.T, lostAfter func(i int, upload bool) bool, idle func(i int) time.Duration) *story.Story {
	s := story.New(t)
	for i := range 120 {
		upload := i%4 == 0
		first := requestTo("GET", "/read")
		if upload {
			first = requestTo("POST", "/upload")
		}
		s.After(700*time.Millisecond).Request(4, onPort(i, first))
		next := requestTo("POST", "/next")
		if lostAfter(i, upload) {
			s.After(idle(i)).Request(4, onPort(i, next, story.Reused(idle(i), 1), story.Fails(story.RaceFault, 500*time.Microsecond)))
		} else {
			s.After(40*time.Millisecond).Request(4, onPort(i, next, story.Reused(40*time.Millisecond, 1)))
		}
	}
	return s
}

// A server that closes at once where it left a body unread has no idle limit, whatever the pace of the requests.
func TestCloseAtOnce(t *testing.T) {
	t.Parallel()
	soon := func(i int) time.Duration { return time.Duration(200+i*17%900) * time.Microsecond }
	r := closerStory(t, func(_ int, upload bool) bool { return upload }, soon).Diagnose()
	if story.Causes(r) != "c-close-at-once high" || story.Found(t, r, 0).Failures != 30 ||
		!strings.Contains(fmt.Sprint(story.Found(t, r, 0).Evidence), "after they had answered POST /upload") ||
		!strings.Contains(fmt.Sprint(story.Found(t, r, 0).Evidence), "left that unread") {
		t.Errorf("found %q: %+v", story.Causes(r), r.Findings)
	}
	r = closerStory(t, func(int, bool) bool { return true }, soon).Diagnose()
	if story.Causes(r) != "c-close-at-once medium" || story.Found(t, r, 0).Failures != 120 {
		t.Errorf("after each answer: found %q: %+v", story.Causes(r), r.Undetermined)
	}
	for name, s := range map[string]*story.Story{
		"some are used again": closerStory(t, func(i int, upload bool) bool { return upload && i%8 == 0 }, soon),
		"long after": closerStory(t, func(_ int, upload bool) bool { return upload },
			func(i int) time.Duration { return 2 * time.Second }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r := s.Diagnose(); strings.Contains(story.Causes(r), "c-close-at-once") {
				t.Errorf("%s: found %q", name, story.Causes(r))
			}
		})
	}
}
