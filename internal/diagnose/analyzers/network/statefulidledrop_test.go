package network_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Timeouts only on connections that had been idle for longer than any that was answered: the path may have forgotten
// them.
func TestForgottenIdleConnections(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 60 {
		s.After(time.Second)
		if i%6 == 0 {
			s.Request(4, story.Reused(240*time.Second, i), story.Fails(story.TimeoutFault, 2*time.Second))
		} else {
			s.Request(4, story.Reused(10*time.Second, i))
		}
	}
	story.Expect(t, s.Diagnose(), "b-stateful-idle-drop medium 10")
}

// Azure's log names connections by their source ports: each is used, left alone for a while and used again. Where only the long idle ones
// hang, the path has forgotten them; where some of those are answered it may still be that; where any may hang it is something else.
func TestForgottenIdleConnectionsOnAzure(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		hangs       func(i int, idle time.Duration) bool
		found, open string
	}{
		"the long idle ones":         {func(_ int, idle time.Duration) bool { return idle > 20*time.Second }, "b-stateful-idle-drop medium", ""},
		"most of the long idle ones": {func(i int, idle time.Duration) bool { return idle > 20*time.Second && i%12 != 0 }, "", "b-stateful-idle-drop"},
		"any":                        {func(i int, _ time.Duration) bool { return i%6 == 5 }, "d-hung medium", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":20`, 1)
			for i := range 120 {
				idle := time.Duration(2+i%3) * time.Second
				if i%7 == 0 {
					idle = 30 * time.Second
				}
				s.After(3*time.Second).Request(4, story.Port(20000+i))
				s.After(idle/2).Request(4, story.Port(30000))
				s.After(idle - idle/2)
				if x.hangs(i, idle) {
					s.Request(4, story.Port(20000+i), story.Fails(story.TimeoutFault, 20*time.Second))
				} else {
					s.Request(4, story.Port(20000+i))
				}
			}
			r := s.Diagnose()
			if found, open := story.Causes(r), story.Likely(r); found != x.found || open != x.open {
				t.Errorf("found %q, open %q", found, open)
			}
		})
	}
}

// The member had been quiet for as long as its connections: it may have been asleep, and nothing shows which of the two it was.
func TestSleepingMemberOnAzure(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for port := range 40 {
		for i := range 12 {
			s.Request(4, story.Port(20000+port))
			s.After(time.Duration(1+i%3) * time.Second)
		}
		s.After(45*time.Second).Request(4, story.Port(20000+port), story.Fails(story.TimeoutFault, 20*time.Second))
		s.After(30 * time.Second)
	}
	r := s.Diagnose()
	if found := story.Causes(r); found != "" || !slices.Contains(r.Undetermined.Rivals, "d-cold-start") {
		t.Errorf("found %q, perhaps %v", found, r.Undetermined.Rivals)
	}
}
