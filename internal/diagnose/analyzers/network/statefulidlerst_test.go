package network_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// Two members of different make, and the same cut-off: what forgets is between them and the gateway.
func TestResetsAtSeveralMembers(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 40 {
		gap := time.Duration(5+i*7%25) * time.Second
		for m := 4; m <= 5; m++ {
			s.After(gap)
			if gap > 12*time.Second {
				s.Request(m, story.Reused(gap, 1+i%5), story.Fails(fault.Fault{
					Side:  fault.Backend,
					Phase: fault.Wait,
					Kind:  fault.Reset,
					Errno: "ECONNRESET",
				}, 2*time.Millisecond))
			} else {
				s.Request(m, story.Reused(gap, 1+i%5))
			}
		}
	}
	r := s.Diagnose()
	if len(r.Findings) != 1 || story.Found(t, r, 0).Cause != "b-stateful-idle-rst" || story.Found(t, r, 0).Confidence != report.High {
		t.Errorf("%+v", r.Findings)
	}
}
