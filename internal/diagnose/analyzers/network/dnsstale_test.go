package network_test

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

// ofAName makes the member a name that leads to the address.
func ofAName(r *accesslog.Record, a *accesslog.Attempt) { a.Member = "app.example.net" }

// A server dies, and whoever watches over it then gives its name to another: the name was right until then.
func TestNameThatMovesAwayFromADeadServer(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Traffic(10*time.Second, []int{4}, ofAName)
	for range 3 {
		s.Request(4, ofAName, story.Fails(story.RaceFault, 5*time.Millisecond))
	}
	s.Traffic(40*time.Second, []int{4}, ofAName, story.Fails(story.RefusedFault, time.Millisecond))
	s.Traffic(20*time.Second, []int{5}, ofAName)
	for _, f := range s.Diagnose().Findings {
		if f.Cause == "b-dns-stale" && (f.Confidence == report.High || !strings.Contains(story.RivalsOf(&f), "b-refused")) {
			t.Errorf("%s %s, rivals %s", f.Cause, f.Confidence, story.RivalsOf(&f))
		}
	}
}

// byName makes the member one that the document has by name, at an address of the moment.
func byName(addr string) story.Change {
	return func(_ *accesslog.Record, a *accesslog.Attempt) {
		a.Member, a.Server = "app.example", netip.MustParseAddrPort(addr)
	}
}

// A name leads elsewhere now, and the gateway goes on with where it led before until it resolves the name again.
func TestStaleName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		comesBack bool
		want      []string
	}{{false, []string{"b-dns-stale high 20"}}, {true, nil}} {
		t.Run(fmt.Sprintf("comesBack %v", c.comesBack), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Traffic(10*time.Second, []int{4}, byName("10.0.0.4:80"))
			s.Traffic(2*time.Second, []int{4}, byName("10.0.0.4:80"), story.Fails(story.RefusedFault, time.Millisecond))
			s.Traffic(10*time.Second, []int{4}, byName("10.0.0.5:80"))
			if c.comesBack {
				s.Traffic(10*time.Second, []int{4}, byName("10.0.0.4:80"))
			}
			r := s.Diagnose()
			if found := len(r.Findings) > 0 && story.Found(t, r, 0).Cause == "b-dns-stale"; found == c.comesBack {
				story.Expect(t, r, c.want...)
			}
		})
	}
}
