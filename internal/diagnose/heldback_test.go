package diagnose

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// heldStory has a member, 10.0.0.6, that refuses from the 20th of sixty moments on. It is held back after three failures, and requests
// whose turn it was go elsewhere.
func heldStory(t *testing.T) *story {
	s := newStory(t)
	for i := range 60 {
		s.after(100 * time.Millisecond)
		s.request(4)
		s.request(5)
		switch {
		case i < 20:
			s.request(6)
		case i < 23:
			s.request(4, recovered(refusedFault, func(_ *accesslog.Record, a *accesslog.Attempt) {
				a.Member, a.Server, a.Connect, a.Total, a.Ejected = "10.0.0.6", serverOf(6), accesslog.Unset, time.Millisecond, i == 22
			}))
		default:
			s.request(5, func(r *accesslog.Record, _ *accesslog.Attempt) { r.HeldBack = "10.0.0.6" })
		}
	}
	return s
}

// A dead member that passive ejection holds back until its probes give up is no restart: it did not come back.
func TestHeldBackUntilEvicted(t *testing.T) {
	s := heldStory(t)
	begin := s.records[0].Start
	down := begin.Add(5150 * time.Millisecond).Format(time.RFC3339Nano)
	s.server("10.0.0.4", "Up", "", "Success", begin.Add(-time.Hour).Format(time.RFC3339)+" Up")
	s.server("10.0.0.6", "Down", "tcp_connect", "refused", begin.Add(-time.Hour).Format(time.RFC3339)+" Up", down+" Down tcp_connect ECONNREFUSED")
	r := s.diagnose()
	expect(t, r, "a-slow-eviction high 0", "k-hidden-by-retry high 0")
	if r.Recovered != 40 || r.Steered != 37 {
		t.Errorf("recovered %d, steered %d", r.Recovered, r.Steered)
	}
}

// A member that the document no longer has, and that was held back until then, was gone before the document said so.
func TestHeldBackUntilTheDocumentFollows(t *testing.T) {
	s := heldStory(t)
	s.doc = strings.Replace(storyDocument, `,{"ipAddress":"10.0.0.6"}`, "", 1)
	if got := causes(s.diagnose()); !strings.HasPrefix(got, "c-endpoint-lag high") {
		t.Errorf("found %q", got)
	}
	s = heldStory(t)
	s.doc = strings.Replace(storyDocument, `,{"ipAddress":"10.0.0.6"}`, "", 1)
	for i := range s.records { // the same few failures, and nobody held it back: too few
		s.records[i].HeldBack = ""
		for j := range s.records[i].Attempts {
			s.records[i].Attempts[j].Ejected = false
		}
	}
	if got := causes(s.diagnose()); strings.Contains(got, "c-endpoint-lag") {
		t.Errorf("without passive ejection: found %q", got)
	}
}

// A member that refuses, is held back and answers a probe before it is asked again was restarted. Without that probe nobody can tell.
func TestHeldBackOverARestart(t *testing.T) {
	for reason, want := range map[string]string{"": "c-restart medium", "tcp_connect": "", "never asked": "", "failed once": ""} {
		s := heldStory(t)
		begin := s.records[0].Start
		health := map[bool]string{true: "Unknown", false: "Up"}[reason == "tcp_connect"]
		s.server("10.0.0.6", health, strings.TrimPrefix(reason, "failed once"), "", begin.Add(-time.Hour).Format(time.RFC3339)+" Up")
		if reason != "never asked" {
			s.probed(s.at)
		}
		if reason == "failed once" {
			s.servers[0].Causeway.Failures = 1
		}
		r := s.diagnose()
		if got, _, _ := strings.Cut(causes(r), ", k-hidden"); !strings.HasPrefix(got, want) || want == "" && (strings.Contains(got, "c-restart") || strings.Contains(got, "b-refused")) {
			t.Errorf("%q: found %q", reason, got)
		}
		if want == "" && len(r.Undetermined.Groups) == 0 {
			t.Errorf("%q: nothing is left open", reason)
		}
	}
}

// Retries and passive ejection hid all that failed, and no one cause stands out: the headline says what they did, and counts no failures.
func TestHeadlineOfWhatWasRecovered(t *testing.T) {
	s := newStory(t)
	for i := range 40 {
		s.after(50 * time.Millisecond)
		if i < 3 {
			s.request(5, recovered(raceFault, func(_ *accesslog.Record, a *accesslog.Attempt) {
				a.Member, a.Server, a.Ejected, a.Total = "10.0.0.6", serverOf(6), i == 2, 2*time.Millisecond
			}))
			continue
		}
		s.request(5, func(r *accesslog.Record, _ *accesslog.Attempt) { r.HeldBack = "10.0.0.6" })
	}
	r := s.diagnose()
	want := "No request failed, but 3 requests went well at another attempt, and 37 requests were led past members that the gateway held back."
	if got := r.headline(); r.Failures > 0 || !strings.HasPrefix(got, want) {
		t.Errorf("%d failures, verdict %+v: %s", r.Failures, r.Verdict, got)
	}
}
