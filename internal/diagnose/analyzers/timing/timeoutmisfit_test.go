package timing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// Timeouts away from the timer of the document say that it is of another time, or that it was no request timeout.
func TestTimeoutsAwayFromTheDocument(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{10 * time.Second, 47 * time.Second} {
		t.Run(fmt.Sprintf("after %v", after), func(t *testing.T) {
			t.Parallel()
			r := story.Lively(t, 10, story.Fails(story.TimeoutFault, after)).Diagnose()
			if got := story.Causes(r); got != "" || strings.Contains(story.StepOf(r, "request-timeout").Detail, "whole") &&
				after < 30*time.Second {
				t.Errorf("%s: found %q, %+v", after, got, story.StepOf(r, "request-timeout"))
			}
		})
	}
}

// withoutWord takes the gateway's own word for what happened away, which the first generation does not log.
func withoutWord(r *accesslog.Record, _ *accesslog.Attempt) { r.ErrorInfo = "" }

// Two settings with 2 s and 180 s, and a log that names none: what ends at 25 s ended at no timer of theirs.
func TestBetweenTwoTimers(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"backendHttpSettingsCollection":[`,
		`"backendHttpSettingsCollection":[{"name":"long","properties":{"port":80,"protocol":"Http","requestTimeout":180}},`, 1)
	s.Doc = strings.Replace(s.Doc, `"requestRoutingRules":[`,
		`"requestRoutingRules":[{"name":"r2","properties":{"ruleType":"Basic","priority":90,"httpListener":{"id":"/x/httpListeners/l80"},`+
			`"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/long"}}},`, 1)
	for i := range 300 {
		s.After(2*time.Second).Request(4+i%3, story.Nameless)
		if i%10 == 0 {
			s.Request(4+i%3, story.Nameless, story.Fails(story.RaceFault, 25*time.Second), withoutWord)
		}
	}
	if r := s.Diagnose(); len(r.Findings) != 0 || r.Undetermined.Failures != 30 {
		t.Errorf("%+v", r.Findings)
	}
}
