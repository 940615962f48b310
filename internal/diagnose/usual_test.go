package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Two clients leave at once, and retries hid twenty refusals of one member: the headline is of the member. Without those it is of the clients,
// and they are what every gateway has.
func TestWhatRetriesHidComesBeforeAFewWhoLeft(t *testing.T) {
	t.Parallel()
	left := fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}
	for hidden, want := range map[bool]string{true: "Retries hid 20 failed attempts, at member 10.0.0.4", false: "clients left before the response"} {
		s := story.New(t)
		for i := range 200 {
			s.After(time.Second).Request(5)
			switch {
			case i%100 == 55:
				s.Request(6, story.Fails(left, 5*time.Millisecond))
			case i%10 == 0 && hidden:
				s.Request(6, story.Recovered(story.RefusedFault, func(_ *accesslog.Record, a *accesslog.Attempt) {
					a.Member, a.Server, a.Connect, a.Total = "10.0.0.4", story.ServerOf(4), accesslog.Unset, time.Millisecond
				}))
			}
		}
		r := s.Diagnose()
		if !strings.Contains(r.Headline(), want) {
			t.Errorf("hidden %v: %s", hidden, r.Headline())
		}
		for _, f := range r.Findings {
			if f.Cause == "j-client-abort" && !f.Usual {
				t.Errorf("hidden %v: two who left are more than usual", hidden)
			}
		}
	}
}
