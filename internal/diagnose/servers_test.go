package diagnose

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// requestTo is a request by a method and a path.
func requestTo(method, uri string) change2 {
	return func(r *accesslog.Record, _ *accesslog.Attempt) {
		r.Method, r.URI, r.OriginalURI = []byte(method), []byte(uri), []byte(uri)
	}
}

// onPort is a request on one connection.
func onPort(n int, changes ...change2) change2 {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		for _, c := range changes {
			c(r, a)
		}
		a.LocalPort = uint16(30000 + n)
	}
}

// closerStory has a member that closes right after it has answered some uploads; the next request on the connection may be lost.
func closerStory(t *testing.T, lostAfter func(i int, upload bool) bool, idle func(i int) time.Duration) *story {
	s := newStory(t)
	for i := range 120 {
		upload := i%4 == 0
		first := requestTo("GET", "/read")
		if upload {
			first = requestTo("POST", "/upload")
		}
		s.after(700*time.Millisecond).request(4, onPort(i, first))
		next := requestTo("POST", "/next")
		if lostAfter(i, upload) {
			s.after(idle(i)).request(4, onPort(i, next, reused(idle(i), 1), fails(raceFault, 500*time.Microsecond)))
		} else {
			s.after(40*time.Millisecond).request(4, onPort(i, next, reused(40*time.Millisecond, 1)))
		}
	}
	return s
}

// A server that closes at once where it left a body unread has no idle limit, whatever the pace of the requests.
func TestCloseAtOnce(t *testing.T) {
	soon := func(i int) time.Duration { return time.Duration(200+i*17%900) * time.Microsecond }
	r := closerStory(t, func(_ int, upload bool) bool { return upload }, soon).diagnose()
	if causes(r) != "c-close-at-once high" || r.Findings[0].Failures != 30 || !strings.Contains(fmt.Sprint(r.Findings[0].Evidence), "after they had answered POST /upload") ||
		!strings.Contains(fmt.Sprint(r.Findings[0].Evidence), "left that unread") {
		t.Errorf("found %q: %+v", causes(r), r.Findings)
	}
	r = closerStory(t, func(int, bool) bool { return true }, soon).diagnose()
	if causes(r) != "c-close-at-once medium" || r.Findings[0].Failures != 120 {
		t.Errorf("after each answer: found %q: %+v", causes(r), r.Undetermined)
	}
	for name, s := range map[string]*story{
		"some are used again": closerStory(t, func(i int, upload bool) bool { return upload && i%8 == 0 }, soon),
		"long after":          closerStory(t, func(_ int, upload bool) bool { return upload }, func(i int) time.Duration { return 2 * time.Second }),
	} {
		if r := s.diagnose(); strings.Contains(causes(r), "c-close-at-once") {
			t.Errorf("%s: found %q", name, causes(r))
		}
	}
}

// headOf is a request without a body whose head has so many bytes.
func headOf(n int64) change2 {
	return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Method, r.Received = []byte("GET"), n }
}

// The length of a head gives away a server that closes on it without a status.
func TestHeadsWithoutAStatus(t *testing.T) {
	reset := fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Reset, Errno: "ECONNRESET"}
	for name, x := range map[string]struct {
		lost, answered func(i int) int64
		where          change2
		path           string
		azure          bool
		want           string
	}{
		"above 4 KiB":               {func(i int) int64 { return 4200 + int64(i) }, func(i int) int64 { return 300 + int64(i%3000) }, nil, "/a", false, "e-request-header-too-big high"},
		"above 16 KiB":              {func(i int) int64 { return 17000 + 40*int64(i) }, func(i int) int64 { return 300 + 120*int64(i) }, nil, "/a", false, "e-request-header-too-big high"},
		"on reused ones too":        {func(i int) int64 { return 17000 + int64(i) }, func(i int) int64 { return 3000 }, reused(300*time.Millisecond, 3), "/a", false, "e-request-header-too-big medium"},
		"by Azure's log":            {func(i int) int64 { return 17000 + int64(i) }, func(i int) int64 { return 3000 }, nil, "/a", true, "e-request-header-too-big medium"},
		"answered as long":          {func(i int) int64 { return 5000 }, func(i int) int64 { return 4000 + 50*int64(i) }, nil, "/a", false, ""},
		"short ones":                {func(i int) int64 { return 900 }, func(i int) int64 { return 400 }, nil, "/a", false, ""},
		"of a kind that never gets": {func(i int) int64 { return 17000 }, func(i int) int64 { return 400 }, nil, "/other", false, ""},
	} {
		s := newStory(t)
		s.azure = x.azure
		for i := range 100 {
			s.after(300*time.Millisecond).request(4, path("/a"), headOf(x.answered(i)))
			if i%5 == 0 {
				change := x.where
				if change == nil {
					change = func(*accesslog.Record, *accesslog.Attempt) {}
				}
				s.request(4, path(x.path), headOf(x.lost(i)), change, fails(reset, time.Millisecond))
			}
		}
		r := s.diagnose()
		if got := causes(r); strings.Contains(got, "e-request-header-too-big") != (x.want != "") || x.want != "" && got != x.want {
			t.Errorf("%s: found %q", name, got)
		}
	}
}

// A member that is stopping and still promises to keep its connections is named as that, within its restart.
func TestDrainThatPromises(t *testing.T) {
	for name, idle := range map[string]time.Duration{"promised": 500 * time.Microsecond, "idle for long": 900 * time.Millisecond} {
		s := newStory(t)
		for i := range 200 {
			s.after(100 * time.Millisecond).request(5)
			switch {
			case i == 100 || i == 101 || i == 102:
				s.request(4, reused(idle+time.Duration(i)*time.Microsecond, i%7), fails(raceFault, 400*time.Microsecond))
			case i > 102 && i < 120:
				s.request(4, fails(refusedFault, time.Millisecond))
			default:
				s.request(4)
			}
		}
		r := s.diagnose()
		promised := strings.Contains(fmt.Sprint(r.Findings), "promises to keep connections, and closes them")
		if !strings.HasPrefix(causes(r), "c-restart") || promised != (name == "promised") {
			t.Errorf("%s: found %q, %v", name, causes(r), promised)
		}
	}
}
