package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// Retries and passive ejection hid all that failed, and no one cause stands out: the headline says what they did, and counts no failures.
func TestHeadlineOfWhatWasRecovered(t *testing.T) {
	s := story.New(t)
	for i := range 40 {
		s.After(50 * time.Millisecond)
		if i < 3 {
			s.Request(5, story.Recovered(story.RaceFault, func(_ *accesslog.Record, a *accesslog.Attempt) {
				a.Member, a.Server, a.Ejected, a.Total = "10.0.0.6", story.ServerOf(6), i == 2, 2*time.Millisecond
			}))
			continue
		}
		s.Request(5, func(r *accesslog.Record, _ *accesslog.Attempt) { r.HeldBack = "10.0.0.6" })
	}
	r := s.Diagnose()
	want := "No request failed, but 3 requests went well at another attempt, and 37 requests were led past members that the gateway held back."
	if got := r.Headline(); r.Failures > 0 || !strings.HasPrefix(got, want) {
		t.Errorf("%d failures, verdict %+v: %s", r.Failures, r.Verdict, got)
	}
}
