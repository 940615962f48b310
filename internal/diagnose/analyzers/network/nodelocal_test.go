package network_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Only instance 1 fails, and only at one member.
func TestNodeLocal(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 900 {
		s.After(2 * time.Second)
		m := 4 + i/3%3
		if i%3 == 1 && m == 5 && i%2 == 1 {
			s.Request(m, story.ByInstance(1), story.Fails(story.RaceFault, 300*time.Millisecond))
			continue
		}
		s.Request(m, story.ByInstance(i%3))
	}
	r := s.Diagnose()
	if len(r.Findings) != 1 || story.Found(t, r, 0).Cause != "b-node-local" || story.Found(t, r, 0).Scope.Instance != "appgw_1" ||
		story.Found(t, r, 0).Scope.Member != "10.0.0.5" {
		t.Errorf("%+v", r.Findings)
	}
}

// Requests of one instance to one member fail. If they are all of one client with one connection, its requests are late anywhere.
func TestClientWithOneConnectionIsNoCell(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, manyClients bool) {
		s.Azure, s.Doc = true, story.Sticky(story.Document)
		for i := range 400 {
			s.After(time.Second)
			s.Request(4+i%3, story.ByInstance(i/3%2), story.From(i%40))
			if i%10 > 0 {
				continue
			}
			if manyClients {
				s.Request(4, story.ByInstance(0), story.From(i/10), story.Fails(story.TimeoutFault, 2*time.Second))
			} else {
				s.Request(4, story.Path("/report"), story.ByInstance(0), story.From(99), story.Fails(story.TimeoutFault, 2*time.Second))
			}
		}
	}, "b-node-local")
}
