package diagnose

import (
	"net/netip"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// byName makes the member one that the document has by name, at an address of the moment.
func byName(addr string) change2 {
	return func(_ *accesslog.Record, a *accesslog.Attempt) {
		a.Member, a.Server = "app.example", netip.MustParseAddrPort(addr)
	}
}

// A name leads elsewhere now, and the gateway goes on with where it led before until it asks again.
func TestStaleName(t *testing.T) {
	for _, c := range []struct {
		comesBack bool
		want      []string
	}{{false, []string{"b-dns-stale high 20"}}, {true, nil}} {
		s := newStory(t)
		s.traffic(10*time.Second, []int{4}, byName("10.0.0.4:80"))
		s.traffic(2*time.Second, []int{4}, byName("10.0.0.4:80"), fails(refusedFault, time.Millisecond))
		s.traffic(10*time.Second, []int{4}, byName("10.0.0.5:80"))
		if c.comesBack {
			s.traffic(10*time.Second, []int{4}, byName("10.0.0.4:80"))
		}
		r := s.diagnose()
		if found := len(r.Findings) > 0 && r.Findings[0].Cause == "b-dns-stale"; found == c.comesBack {
			expect(t, r, c.want...)
		}
	}
}

// Nothing that is sent to two members is acknowledged for a while: that is no process that pauses.
func TestLinkThatWasCut(t *testing.T) {
	for _, acknowledged := range []bool{false, true} {
		s := newStory(t)
		s.traffic(10*time.Second, []int{4, 5})
		for range 5 {
			for m := 4; m <= 5; m++ {
				s.request(m, fails(timeoutFault, 2*time.Second), func(_ *accesslog.Record, a *accesslog.Attempt) {
					if !acknowledged {
						a.Retransmits = 4
					}
				})
			}
			s.after(200 * time.Millisecond)
		}
		s.after(2 * time.Second)
		s.traffic(10*time.Second, []int{4, 5})
		if acknowledged {
			r := s.diagnose()
			if expect(t, r); r.Undetermined.Failures != 10 {
				t.Errorf("%+v", r.Undetermined)
			}
		} else {
			expect(t, s.diagnose(), "b-transit-flap high 10")
		}
	}
}

// The port of the settings was changed, and the servers listen where they did: every member refuses from then on.
func TestWrongPort(t *testing.T) {
	for _, all := range []bool{true, false} {
		at := func(port uint16) change2 {
			return func(_ *accesslog.Record, a *accesslog.Attempt) { a.Server = netip.AddrPortFrom(a.Server.Addr(), port) }
		}
		s := newStory(t)
		s.traffic(10*time.Second, []int{4, 5}, at(8080))
		s.traffic(2*time.Second, []int{4, 5}, at(80), fails(refusedFault, time.Millisecond))
		if !all { // one of them answers there: it is not the port
			s.traffic(2*time.Second, []int{5}, at(80))
		}
		r := s.diagnose()
		if wrong := len(r.Findings) == 1 && r.Findings[0].Cause == "i-wrong-port" && r.Findings[0].Failures == 40; wrong != all {
			t.Errorf("all refuse: %t, findings %+v", all, r.Findings)
		}
	}
}
