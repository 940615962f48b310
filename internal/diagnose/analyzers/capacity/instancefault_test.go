package capacity_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Instance 1 fails at every member; instances 0 and 2 never do.
func TestInstanceFault(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 900 {
		s.After(2 * time.Second)
		if i%3 == 1 && i%8 == 1 {
			s.Request(4+i/3%3, story.ByInstance(1), story.Fails(story.RaceFault, 300*time.Millisecond))
			continue
		}
		s.Request(4+i/3%3, story.ByInstance(i%3))
	}
	r := s.Diagnose()
	if len(r.Findings) != 1 || story.Found(t, r, 0).Cause != "h-instance-fault" || story.Found(t, r, 0).Scope.Instance != "appgw_1" {
		t.Errorf("%+v", r.Findings)
	}
}

// Requests through one instance fail. If they are all of one client with one connection, the instance serves everybody else.
func TestClientWithOneConnectionIsNoBadInstance(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, manyClients bool) {
		s.Azure = true
		for i := range 400 {
			s.After(time.Second)
			s.Request(4+i%3, story.ByInstance(i/3%2), story.From(i%40))
			if i%10 > 0 {
				continue
			}
			if manyClients {
				s.Request(4+i/10%3, story.ByInstance(0), story.From(i/10), story.Fails(story.TimeoutFault, 2*time.Second))
			} else {
				s.Request(4+i/10%3, story.Path("/report"), story.ByInstance(0), story.From(99),
					story.Fails(story.TimeoutFault, 2*time.Second))
			}
		}
	}, "h-instance-fault")
}

// One instance has all the requests while a member is out, for half a minute. Unless the other got answers meanwhile, nothing says that
// it would have.
func TestOutageThatOneInstanceMetIsNoBadInstance(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, othersAnswered bool) {
		s.Azure = true
		for i := range 300 {
			s.After(time.Second)
			if i < 100 || i >= 140 {
				s.Request(4, story.ByInstance(i%2), story.From(i%40))
				continue
			}
			s.Request(4, story.ByInstance(1), story.From(i%40), story.Fails(story.RaceFault, 20*time.Millisecond))
			if s.After(500 * time.Millisecond); othersAnswered {
				s.Request(4, story.ByInstance(0), story.From(i%40))
			}
		}
	}, "h-instance-fault")
}
