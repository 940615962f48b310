package configuration_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

// The port was changed overnight, and the servers were stopped overnight: one does not follow from the other.
func TestServersThatAreStoppedAfterAChangeOfPort(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	eight := func(_ *accesslog.Record, a *accesslog.Attempt) {
		a.Server = netip.AddrPortFrom(a.Server.Addr(), 8080)
	}
	s.Traffic(10*time.Second, []int{4, 5})
	s.After(8 * time.Hour)
	s.Traffic(10*time.Second, []int{4, 5}, eight, story.Fails(story.RefusedFault, time.Millisecond))
	for _, f := range s.Diagnose().Findings {
		if f.Cause == "i-wrong-port" && (f.Confidence == report.High || !strings.Contains(story.RivalsOf(&f), "b-refused")) {
			t.Errorf("%s %s, rivals %s", f.Cause, f.Confidence, story.RivalsOf(&f))
		}
	}
}

// Servers answer at one port and refuse at another. If two gateways with the same names use the two ports, nobody changed a port.
func TestPortsOfTwoGateways(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, oneGateway bool) {
		second := "/WEST"
		if oneGateway {
			second = "/EAST"
		}
		eight := func(_ *accesslog.Record, a *accesslog.Attempt) {
			a.Server = netip.AddrPortFrom(a.Server.Addr(), 8080)
		}
		s.Traffic(10*time.Second, []int{4, 5}, story.Of("/EAST"))
		s.Traffic(10*time.Second, []int{4, 5}, story.Of(second), eight, story.Fails(story.RefusedFault, time.Millisecond))
	}, "i-wrong-port")
}

// The port of the settings was changed, and the servers listen where they did: every member refuses from then on.
func TestWrongPort(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{true, false} {
		t.Run(fmt.Sprintf("all %t", all), func(t *testing.T) {
			t.Parallel()
			at := func(port uint16) story.Change {
				return func(_ *accesslog.Record, a *accesslog.Attempt) { a.Server = netip.AddrPortFrom(a.Server.Addr(), port) }
			}
			s := story.New(t)
			s.Traffic(10*time.Second, []int{4, 5}, at(8080))
			s.Traffic(2*time.Second, []int{4, 5}, at(80), story.Fails(story.RefusedFault, time.Millisecond))
			if !all { // one of them answers there: it is not the port
				s.Traffic(2*time.Second, []int{5}, at(80))
			}
			r := s.Diagnose()
			if wrong := len(r.Findings) == 1 && story.Found(t, r, 0).Cause == "i-wrong-port" &&
				story.Found(t, r, 0).Failures == 40; wrong != all {
				t.Errorf("all refuse: %t, findings %+v", all, r.Findings)
			}
		})
	}
}
