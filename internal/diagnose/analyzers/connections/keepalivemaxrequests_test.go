package connections_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Every lost request was the twenty-first on its connection.
func TestUseLimit(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 300 {
		s.After(40 * time.Millisecond)
		idle := time.Duration(i*i%700) * time.Millisecond
		if i%21 == 20 {
			s.Request(4, story.Reused(idle, 20), story.Fails(story.RaceFault, time.Duration(1+i%7)*time.Millisecond))
		} else {
			s.Request(4, story.Reused(idle, i%21))
		}
	}
	story.Expect(t, s.Diagnose(), "c-keepalive-max-requests high 14")
}

// A firewall forgets connections after ten seconds and resets what comes later; traffic is so sparse that every
// connection was used once.
func TestResetsAfterIdlenessAreNoUseLimit(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 20 {
		gap := time.Duration(20+i*7%30) * time.Second
		s.After(gap)
		if i%2 == 0 {
			s.Request(4)
		} else {
			s.Request(4, story.Reused(gap, 1), story.Fails(fault.Fault{
				Side:  fault.Backend,
				Phase: fault.Wait,
				Kind:  fault.Reset,
			}, 2*time.Millisecond))
		}
	}
	story.Undecided(t, s, 10)
}
