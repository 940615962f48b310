package diagnose

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// Stories of logs whose serverStatus holds what the gateway itself wrote. None has serverHeaderTime, which would decide.

// echoing makes a request end with a status that serverStatus repeats, after a time.
func echoing(n int, after time.Duration, info string) change2 {
	return func(r *accesslog.Record, a *accesslog.Attempt) {
		r.Status, a.Status, r.ErrorInfo = n, n, info
		a.Fault, a.HeaderTime, r.Taken, a.Total, a.Wait = fault.Fault{}, accesslog.Unset, after, after, accesslog.Unset
	}
}

// sized is how many bytes the client got.
func sized(n int64) change2 { return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Sent = n } }

// lively has two members answer in turn, every n-th request as told; the log goes on after it.
func lively(t *testing.T, n int, changes ...change2) *story {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":30`, 1)
	for i := range 200 {
		if i%n == n-1 && i < 190 {
			s.after(2*time.Second).request(4+i%2, changes...)
		} else {
			s.after(2 * time.Second).request(4 + i%2)
		}
	}
	return s
}

// causes are the findings of a report.
func causes(r *Report) string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Cause+" "+f.Confidence)
	}
	return strings.Join(out, ", ")
}

// likely are the first rivals of what a report leaves open.
func likely(r *Report) string {
	var out []string
	for _, g := range r.Undetermined.Groups {
		out = append(out, g.Rivals[0].Cause)
	}
	return strings.Join(out, ", ")
}

func stepOf(r *Report, name string) Step {
	for _, s := range r.Steps {
		if s.Step == name {
			return s
		}
	}
	return Step{}
}

// A member that goes away and never answers again has given no 502 of its own, whatever serverStatus holds.
func TestEchoOfADeadMember(t *testing.T) {
	for echo, want := range map[bool]string{true: "a-slow-eviction medium", false: "a-slow-eviction high"} {
		s := newAzureStory(t)
		for i := range 300 {
			s.after(time.Second).request(5 + i%2)
			if i < 100 {
				s.request(4)
			} else if i < 112 {
				s.request(4, echoing(502, time.Millisecond, fault.NoError), func(_ *accesslog.Record, a *accesslog.Attempt) {
					if !echo {
						a.Status = 0
					}
				})
			}
		}
		r := s.diagnose()
		if got := causes(r); got != want {
			t.Errorf("echo %v: found %q", echo, got)
		}
		if s := stepOf(r, "backend-connections"); echo && s.Result == pass {
			t.Errorf("%+v", s)
		}
		if s := GuideOf(r).Steps[1]; s.ID != "whose-error" || (s.Answer == Unknown) != echo {
			t.Errorf("%+v", s)
		}
	}
}

// A 504 at the request timeout is the gateway's: of requests that no answer was just below.
func TestEchoAtTheRequestTimeout(t *testing.T) {
	for _, info := range []string{fault.UpstreamTimedOut, fault.NoError, ""} {
		r := lively(t, 10, echoing(504, 30*time.Second+3*time.Millisecond, info)).diagnose()
		if got := causes(r); got != "d-hung medium" {
			t.Errorf("%q: found %q", info, got)
		}
		if s := stepOf(r, "request-timeout"); s.Result != fail {
			t.Errorf("%q: %+v", info, s)
		}
		for _, f := range r.Findings {
			for _, e := range f.Evidence {
				if strings.Contains(e.Fact, "last third") {
					t.Errorf("a failure is counted as an answer: %s", e.Fact)
				}
			}
		}
	}
}

// Without a document the timer may be the gateway's or the member's own, unless error_info says.
func TestEchoWithoutADocument(t *testing.T) {
	for info, want := range map[string]string{fault.NoError: "", fault.UpstreamTimedOut: "d-hung medium"} {
		s := lively(t, 10, echoing(504, 30*time.Second+3*time.Millisecond, info))
		s.noDoc = true
		r := s.diagnose()
		if got := causes(r); got != want {
			t.Errorf("%s: found %q, want %q", info, got, want)
		}
		if s := stepOf(r, "request-timeout"); info == fault.NoError && (s.Result != unknown || likely(r) != "d-timeout-below-latency") {
			t.Errorf("%+v, open: %s", s, likely(r))
		}
	}
}

// What the gateway cannot have made is the member's own, at the confidence that this carries.
func TestErrorsOfTheApplicationItself(t *testing.T) {
	i := int64(0)
	pages := func(r *accesslog.Record, _ *accesslog.Attempt) { i++; r.Sent = 400 + 97*i }
	alone := func(r *accesslog.Record, a *accesslog.Attempt) { // on a member that nobody else is answered by
		a.Member, a.Server = "10.0.0.9", netip.MustParseAddrPort("10.0.0.9:80")
	}
	headed := func(_ *accesslog.Record, a *accesslog.Attempt) { a.HeaderTime = 5 * time.Millisecond }
	for name, c := range map[string]struct {
		changes []change2
		want    string
		open    string
	}{
		"one page, quick":          {[]change2{echoing(502, 5*time.Millisecond, fault.NoError), sized(700)}, "", "k-backend-5xx, k-backend-5xx"},
		"pages of many sizes":      {[]change2{echoing(502, 5*time.Millisecond, fault.NoError), pages}, "k-backend-5xx medium", ""},
		"a head came":              {[]change2{echoing(502, 5*time.Millisecond, fault.NoError), headed}, "k-backend-5xx high", ""},
		"504 before any timer":     {[]change2{echoing(504, 1001*time.Millisecond, fault.NoError)}, "d-inner-timeout medium", ""},
		"504, nobody answered":     {[]change2{echoing(504, 9*time.Second, fault.NoError), alone}, "", "b-drop"},
		"500 is no gateway's":      {[]change2{echoing(500, 5*time.Millisecond, fault.NoError)}, "k-backend-5xx high", ""},
		"closed, says the gateway": {[]change2{echoing(502, 5*time.Millisecond, fault.UpstreamClosed), headed}, "", "c-restart, c-restart"},
	} {
		r := lively(t, 9, c.changes...).diagnose()
		if got, open := causes(r), likely(r); got != c.want || open != c.open {
			t.Errorf("%s: found %q, open %q", name, got, open)
		}
	}
}

// A log whose failures of other kinds leave serverStatus empty does not echo: a status that stands in it is an answer.
func TestALogThatLeavesBlanks(t *testing.T) {
	s := lively(t, 9, echoing(502, 5*time.Millisecond, fault.NoError))
	for range 4 {
		s.after(time.Second).request(4, fails(closedFault, time.Millisecond))
		s.after(time.Second).request(4)
	}
	if r := s.diagnose(); !strings.Contains(causes(r), "k-backend-5xx high") {
		t.Errorf("found %q, open %q", causes(r), likely(r))
	}
}

// 502 and 504 at one timer are one finding: the gateway's timer made both, though no document gives it.
func TestTwoStatusesAtOneTimer(t *testing.T) {
	s := newAzureStory(t)
	s.noDoc = true
	for i := range 300 {
		switch s.after(2 * time.Second); {
		case i%20 == 7:
			s.request(4, fails(timeoutFault, 20*time.Second+3*time.Millisecond), func(r *accesslog.Record, _ *accesslog.Attempt) { r.Status, r.ErrorInfo = 504, "" })
		case i%30 == 11:
			s.request(4, fails(closedFault, 20*time.Second+4*time.Millisecond), func(r *accesslog.Record, _ *accesslog.Attempt) { r.Status, r.ErrorInfo = 502, "" })
		default:
			s.request(4, took(time.Duration(i%190)*100*time.Millisecond))
		}
	}
	expect(t, s.diagnose(), "d-timeout-below-latency medium 25")
}

// 502s alone at one time, with no word of the gateway's and no document, may be a worker's timer or the gateway's.
func TestOneTimerWithoutAWord(t *testing.T) {
	for info, want := range map[string]string{"": "", fault.UpstreamClosed: "d-worker-timeout-kill medium"} {
		s := newAzureStory(t)
		s.noDoc = true
		for i := range 300 {
			if s.after(2 * time.Second); i%20 == 7 {
				s.request(4, fails(closedFault, 20*time.Second+4*time.Millisecond), func(r *accesslog.Record, _ *accesslog.Attempt) { r.ErrorInfo = info })
			} else {
				s.request(4, took(time.Duration(i%190)*100*time.Millisecond))
			}
		}
		if r := s.diagnose(); causes(r) != want {
			t.Errorf("%q: found %q, open %q", info, causes(r), likely(r))
		}
	}
}

// Timeouts away from the timer of the document say that it is of another time, or that it was no request timeout.
func TestTimeoutsAwayFromTheDocument(t *testing.T) {
	for _, after := range []time.Duration{10 * time.Second, 47 * time.Second} {
		r := lively(t, 10, fails(timeoutFault, after)).diagnose()
		if got := causes(r); got != "" || strings.Contains(stepOf(r, "request-timeout").Detail, "whole") && after < 30*time.Second {
			t.Errorf("%s: found %q, %+v", after, got, stepOf(r, "request-timeout"))
		}
	}
}

// The first attempt of two has no answer, though serverStatus gives each one: "502, 200".
func TestEchoOfAnAttemptThatARetryHid(t *testing.T) {
	s := newAzureStory(t)
	for i := range 40 {
		if s.after(time.Second); i%8 == 3 {
			s.request(4, recovered(refusedFault, func(_ *accesslog.Record, a *accesslog.Attempt) { a.HeaderTime = accesslog.Unset }), func(r *accesslog.Record, _ *accesslog.Attempt) { r.Attempts[0].Status = 502 })
		} else {
			s.request(4)
		}
	}
	if r := s.diagnose(); r.Recovered != 5 || r.Failures != 0 {
		t.Errorf("%d failures, %d recovered", r.Failures, r.Recovered)
	}
}

// No feature of a gateway makes a 502 of a good answer; a head or body that it cannot pass on does.
func TestGoodAnswerThatBecame502(t *testing.T) {
	s := lively(t, 10, func(r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status = 502, 200 })
	if r := s.diagnose(); causes(r) != "" || likely(r) != "e-bad-header" {
		t.Errorf("found %q, open %q", causes(r), likely(r))
	}
}

// The front end of a platform answers for the application: by the Host that it is sent, or by the name in the document.
func TestFrontEndsOfPlatforms(t *testing.T) {
	for host, want := range map[string]string{
		"quay.azurewebsites.net": "k-chained-proxy medium", "q.calm.westeurope.azurecontainerapps.io": "k-chained-proxy medium", "hub.azure-api.net": "k-chained-proxy medium",
		"azurewebsites.net.example.com": "k-backend-5xx high", "shop.example.com": "k-backend-5xx high",
	} {
		s := lively(t, 10, status(503), func(r *accesslog.Record, _ *accesslog.Attempt) { r.Host = []byte(host) })
		if r := s.diagnose(); causes(r) != want {
			t.Errorf("%s: found %q", host, causes(r))
		}
	}
	s := lively(t, 10, status(503))
	s.doc = strings.Replace(s.doc, `[{"ipAddress":"10.0.0.4"},{"ipAddress":"10.0.0.5"},{"ipAddress":"10.0.0.6"}]`, `[{"fqdn":"quay.azurewebsites.net"}]`, 1)
	if r := s.diagnose(); causes(r) != "k-chained-proxy medium" {
		t.Errorf("by the document: found %q", causes(r))
	}
}
