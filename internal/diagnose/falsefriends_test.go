package diagnose

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// More of what looks like a cause that is not at work: the same picture, by another mechanism.

// What comes first after a quiet time is a report, which is late at any time; it is asked for at no other.
func TestSlowRequestThatComesFirst(t *testing.T) {
	s := newStory(t)
	for range 8 {
		s.after(time.Minute).request(4, path("/report"), fails(timeoutFault, 2*time.Second))
		s.after(3*time.Second).traffic(5*time.Second, []int{4})
	}
	spares(t, s.diagnose(), "d-cold-start")
}

// A firewall forgets connections that are quiet; Azure's log does not tell a new one from one that was.
func TestForgottenConnectionsAfterQuietTimes(t *testing.T) {
	s := newStory(t)
	s.azure = true
	for i := range 8 {
		s.after(5*time.Minute).request(4, port(21000+i), reused(5*time.Minute, 3), fails(timeoutFault, 2*time.Second))
		for j := range 40 {
			s.after(4*time.Second).request(4, port(21001+i), took(time.Duration(j+1)*time.Millisecond))
		}
	}
	spares(t, s.diagnose(), "d-cold-start")
}

// Much comes at once after a quiet time, and most of it waits for too long: it is the crowd, not the quiet.
func TestCrowdAfterQuietTimes(t *testing.T) {
	s := newStory(t)
	for range 8 {
		s.after(time.Minute)
		for i := range 40 {
			if i < 10 {
				s.request(4)
			} else {
				s.request(4, fails(timeoutFault, 2*time.Second))
			}
		}
		s.after(3 * time.Second)
		for range 40 {
			s.after(time.Second).request(4)
		}
	}
	spares(t, s.diagnose(), "d-cold-start")
}

// A host that freezes is one host, under whatever ports and settings it is asked.
func TestFrozenHostUnderTwoSettings(t *testing.T) {
	s := newStory(t)
	other := func(r *accesslog.Record, a *accesslog.Attempt) {
		r.Settings = "api"
		a.Server = netip.AddrPortFrom(a.Server.Addr(), 8080)
	}
	s.traffic(10*time.Second, []int{4})
	s.traffic(5*time.Second, []int{4}, other)
	lost := func(_ *accesslog.Record, a *accesslog.Attempt) { a.Retransmits = 3 }
	frozen := s.at
	s.traffic(time.Second, []int{4}, fails(timeoutFault, 2*time.Second), lost)
	s.at = frozen
	s.traffic(time.Second, []int{4}, other, fails(timeoutFault, 2*time.Second), lost)
	s.after(3 * time.Second)
	s.traffic(10*time.Second, []int{4})
	s.traffic(10*time.Second, []int{4}, other)
	spares(t, s.diagnose(), "b-transit-flap")
}

// Two hosts go away for good: the log ends before anybody can say that the way was interrupted.
func TestHostsThatAreAwayWhenTheLogEnds(t *testing.T) {
	s := newStory(t)
	s.traffic(10*time.Second, []int{4, 5})
	s.traffic(3*time.Second, []int{4, 5}, fails(timeoutFault, 2*time.Second), func(_ *accesslog.Record, a *accesslog.Attempt) { a.Retransmits = 3 })
	spares(t, s.diagnose(), "b-transit-flap")
}

// ofAName makes the member a name that leads to the address.
func ofAName(r *accesslog.Record, a *accesslog.Attempt) { a.Member = "app.example.net" }

// A server dies, and whoever watches over it then gives its name to another: the name was right until then.
func TestNameThatMovesAwayFromADeadServer(t *testing.T) {
	s := newStory(t)
	s.traffic(10*time.Second, []int{4}, ofAName)
	for range 3 {
		s.request(4, ofAName, fails(raceFault, 5*time.Millisecond))
	}
	s.traffic(40*time.Second, []int{4}, ofAName, fails(refusedFault, time.Millisecond))
	s.traffic(20*time.Second, []int{5}, ofAName)
	for _, f := range s.diagnose().Findings {
		if f.Cause == "b-dns-stale" && (f.Confidence == High || !strings.Contains(rivalsOf(&f), "b-refused")) {
			t.Errorf("%s %s, rivals %s", f.Cause, f.Confidence, rivalsOf(&f))
		}
	}
}
