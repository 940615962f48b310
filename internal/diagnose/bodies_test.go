package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// cutAfter is an answer that was ended by the timeout in its body, some time after its first byte.
func cutAfter(first time.Duration) change2 {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		f := fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Timeout}
		r.Fault, r.ErrorInfo, r.Aborted, r.Taken = f, f.ErrorInfo(), true, first+10*time.Millisecond
		a.Fault, a.Receive, a.Total = f, first, r.Taken
	}
}

// One body stands still at once. A stream is silent in the end: by then it had outlived the timeout of two seconds several
// times over. Azure's log tells no more than that the head had come.
func TestBodiesThatStandStill(t *testing.T) {
	for _, c := range []struct {
		azure bool
		want  []string
	}{
		{false, []string{"d-read-gap high 6", "d-slow-body high 6"}},
		{true, []string{"d-slow-body medium 12"}},
	} {
		s := newStory(t)
		s.azure = c.azure
		s.traffic(10*time.Second, []int{4})
		for i := range 6 {
			s.after(3*time.Second).request(4, path("/export"), cutAfter(2*time.Second))
			s.request(4, path("/events"), cutAfter(time.Duration(5+i)*time.Second))
		}
		expect(t, s.diagnose(), c.want...)
	}
}

// The supervisor ends workers at five seconds; the same requests are answered when they are quicker.
func TestWorkersThatAreKilled(t *testing.T) {
	for _, always := range []bool{false, true} {
		s := newStory(t)
		s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":30`, 1)
		for i := range 40 {
			s.after(700*time.Millisecond).request(4, took(20*time.Millisecond))
			if !always {
				s.request(4, path("/render"), took(time.Duration(1000+i*90)*time.Millisecond))
			}
			if i%4 == 0 {
				s.request(4, path("/render"), fails(raceFault, 5*time.Second+time.Duration(i%3)*time.Millisecond))
			}
		}
		if always { // then it may be what they ask for that ends the worker
			expect(t, s.diagnose())
		} else {
			expect(t, s.diagnose(), "d-worker-timeout-kill medium 10")
		}
	}
}

// A member that has had nothing to do for ten minutes needs longer than the timeout for what comes first.
func TestColdStart(t *testing.T) {
	for _, c := range []struct {
		azure, reused bool
		want          []string
	}{
		{false, false, []string{"d-cold-start high 10"}},
		{true, false, []string{"d-cold-start medium 10"}},
		{false, true, nil}, // then the way may have forgotten the connection
	} {
		s := newStory(t)
		s.azure = c.azure
		for range 5 {
			s.after(10 * time.Minute)
			for range 2 {
				s.after(100 * time.Millisecond)
				if c.reused {
					s.request(4, reused(10*time.Minute, 3), fails(timeoutFault, 2*time.Second))
				} else {
					s.request(4, fails(timeoutFault, 2*time.Second))
				}
			}
			s.after(5 * time.Minute)
			for range 40 {
				s.after(2 * time.Second).request(4)
			}
		}
		r := s.diagnose()
		if c.reused {
			for _, f := range r.Findings {
				if f.Cause == "d-cold-start" {
					t.Errorf("on connections that had been idle as long: %s", f.Confidence)
				}
			}
			continue
		}
		expect(t, r, c.want...)
	}
}

// The server ends the connection on addresses that it does not take, wherever they lead. If they all lead to one place, it
// may as well be the code there; if one such address was answered, it is not the address; and if nothing is answered at
// those times, it is none of the two.
func TestAddressesThatAServerRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		paths []string
		also  string // that is answered
		want  string
	}{
		"all that are odd":        {paths: []string{"/a%2Fb", "/docs/c%2fd"}, want: "e-uri-rejected"},
		"all at one place":        {paths: []string{"/docs/a%2Fb", "/docs/c%2fd"}},
		"one of them is answered": {paths: []string{"/a%2Fb", "/docs/c%2fd"}, also: "/map/x%2Fy"},
		"nothing odd":             {paths: []string{"/a", "/docs/c"}, want: "g-crash-on-input"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			for i := range 40 {
				s.after(200*time.Millisecond).request(4, path("/plain"))
				s.request(4, path("/plain"), reused(time.Second, 1))
				if i%3 == 0 {
					s.request(4, path(c.paths[i%len(c.paths)]), fails(raceFault, 3*time.Millisecond))
				}
				if c.also != "" {
					s.request(4, path(c.also))
				}
			}
			r := s.diagnose()
			for _, f := range r.Findings {
				if f.Cause != c.want {
					t.Errorf("%s %s", f.Cause, f.Confidence)
				}
			}
			if c.want != "" && len(r.Findings) == 0 {
				t.Errorf("nothing is found: %+v", r.Undetermined)
			}
			if c.want == "" && !slices.Contains(r.Undetermined.Rivals, "e-uri-rejected") {
				t.Errorf("rivals %v", r.Undetermined.Rivals)
			}
		})
	}
}

// One kind of request is one path without its ids; what is odd in an id stays, for some servers take no such id.
func TestIDsKeepWhatIsOdd(t *testing.T) {
	for path, want := range map[string]string{
		"/orders/1234/items":    "/orders/*/items",
		"/orders/12%2F34/items": "/orders/*%2F/items",
		"/orders/12;34":         "/orders/*;",
		"/orders/1234%2":        "/orders/*%2",
		"/a%2Fb":                "/a%2Fb",
	} {
		if got := template([]byte(path)); got != want {
			t.Errorf("template(%q) = %q, want %q", path, got, want)
		}
	}
}
