package network_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// Several addresses stop to acknowledge at once. If they are one host under two settings, the host froze.
func TestFrozenHostUnderTwoSettings(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, twoHosts bool) {
		host := 4
		if twoHosts {
			host = 5
		}
		other := func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Settings = "api"
			a.Server = netip.AddrPortFrom(a.Server.Addr(), 8080)
		}
		s.Traffic(10*time.Second, []int{4})
		s.Traffic(5*time.Second, []int{host}, other)
		lost := func(_ *accesslog.Record, a *accesslog.Attempt) { a.Retransmits = 3 }
		frozen := s.At
		s.Traffic(time.Second, []int{4}, story.Fails(story.TimeoutFault, 2*time.Second), lost)
		s.At = frozen
		s.Traffic(time.Second, []int{host}, other, story.Fails(story.TimeoutFault, 2*time.Second), lost)
		s.After(3 * time.Second)
		s.Traffic(10*time.Second, []int{4})
		s.Traffic(10*time.Second, []int{host}, other)
	}, "b-transit-flap")
}

// Two hosts stop to acknowledge. If the log ends before they answer again, nothing shows that only the way was interrupted.
func TestHostsThatAreAwayWhenTheLogEnds(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, back bool) {
		s.Traffic(10*time.Second, []int{4, 5})
		s.Traffic(3*time.Second, []int{4, 5}, story.Fails(story.TimeoutFault, 2*time.Second),
			func(_ *accesslog.Record, a *accesslog.Attempt) { a.Retransmits = 3 })
		if back {
			s.After(2*time.Second).Traffic(10*time.Second, []int{4, 5})
		}
	}, "b-transit-flap")
}

// Nothing that is sent to two members is acknowledged for a while: that is no process that pauses.
func TestLinkThatWasCut(t *testing.T) {
	t.Parallel()
	for _, acknowledged := range []bool{false, true} {
		t.Run(fmt.Sprintf("acknowledged %t", acknowledged), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Traffic(10*time.Second, []int{4, 5})
			for range 5 {
				for m := 4; m <= 5; m++ {
					s.Request(m, story.Fails(story.TimeoutFault, 2*time.Second), func(_ *accesslog.Record, a *accesslog.Attempt) {
						if !acknowledged {
							a.Retransmits = 4
						}
					})
				}
				s.After(200 * time.Millisecond)
			}
			s.After(2 * time.Second)
			s.Traffic(10*time.Second, []int{4, 5})
			if acknowledged {
				r := s.Diagnose()
				if story.Expect(t, r); r.Undetermined.Failures != 10 {
					t.Errorf("%+v", r.Undetermined)
				}
			} else {
				story.Expect(t, s.Diagnose(), "b-transit-flap high 10")
			}
		})
	}
}
