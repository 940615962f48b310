package capacity_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/units"
)

// Clients that waited for room are worth knowing while nothing fails, and a finding where something does.
func TestQueuedClients(t *testing.T) {
	t.Parallel()
	left := fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}
	for name, x := range map[string]struct {
		queued time.Duration
		fails  story.Change
		want   string
	}{
		"nobody waited":      {0, nil, ""},
		"nothing failed":     {2 * time.Second, nil, ""},
		"clients gave up":    {2 * time.Second, story.Fails(left, 20*time.Millisecond), "h-conn-limit medium"},
		"another failure":    {2 * time.Second, story.Fails(story.RefusedFault, time.Millisecond), "h-conn-limit high"},
		"waited for no time": {20 * time.Millisecond, story.Fails(left, 400*time.Millisecond), "j-client-abort high"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := range 60 {
				s.After(300*time.Millisecond).Request(5, story.QueuedFor(x.queued))
				if i%6 == 0 && x.fails != nil {
					s.Request(4, story.QueuedFor(x.queued), x.fails)
				}
			}
			r := s.Diagnose()
			fact := story.FactOf(r, "h-conn-limit")
			if !strings.Contains(story.Causes(r), x.want) || x.want == "" && story.Causes(r) != "" {
				t.Errorf("%s: found %q", name, story.Causes(r))
			}
			if noted := x.queued > 0 && !strings.Contains(x.want, "h-conn-limit"); noted != strings.Contains(fact,
				"clients waited for room under the gateway's limit of connections, "+units.Seconds(x.queued)+" at most") {
				t.Errorf("%s: worth knowing: %q", name, fact)
			}
		})
	}
}

// A finding counts the clients that gave up in the queue, and no others.
func TestClientsThatGaveUpInTheQueue(t *testing.T) {
	t.Parallel()
	left := fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}
	s := story.New(t)
	for i := range 40 {
		s.After(300 * time.Millisecond).Request(5)
		s.Request(4, story.QueuedFor(3*time.Second), story.Fails(left, 20*time.Millisecond))
		if i%4 == 0 {
			s.Request(5, story.Fails(left, 30*time.Millisecond))
		}
	}
	story.Expect(t, s.Diagnose(), "h-conn-limit medium 40", "j-client-abort high 10")
}
