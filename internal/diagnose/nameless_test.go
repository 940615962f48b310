package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// firstGeneration makes a record one of a first-generation gateway, which has no word of its own for what happened.
func firstGeneration(r *accesslog.Record, a *accesslog.Attempt) {
	nameless(r, a)
	r.V1, r.Instance, r.ErrorInfo = true, "ApplicationGatewayRole_IN_0", ""
}

// badGateway is a 502 that came at once.
func badGateway(r *accesslog.Record, a *accesslog.Attempt) {
	firstGeneration(r, a)
	r.Status, r.Taken = 502, 2*time.Millisecond
}

// A first-generation log without requestQuery names no member. A quick 502 in it does not say that nobody was healthy, and the
// answers around it say that somebody was.
func TestLogWithoutMembers(t *testing.T) {
	for name, failing := range map[string]func(i int) bool{
		"now and then": func(i int) bool { return i%5 == 4 },
		"in a row":     func(i int) bool { return i >= 30 && i < 40 },
	} {
		t.Run(name, func(t *testing.T) {
			s, failures := newAzureStory(t), 0
			for i := range 60 {
				if s.after(3 * time.Second); failing(i) {
					failures++
					s.request(0, badGateway)
				} else {
					s.request(0, firstGeneration)
				}
			}
			r := s.diagnose()
			expect(t, r)
			if r.Undetermined.Failures != failures || !slices.Contains(r.Undetermined.Rivals, "a-all-unhealthy-fail-closed") {
				t.Errorf("%+v", r.Undetermined)
			}
			if next := r.Undetermined.Next; strings.Contains(next, "answers of the pool lie between") != (name == "now and then") {
				t.Errorf("next: %s", next)
			}
			for _, step := range r.Steps {
				if strings.Contains(step.Detail, "no member answered") || strings.Contains(step.Detail, "got as far as") {
					t.Errorf("%s: %s", step.Step, step.Detail)
				}
			}
		})
	}
}

// The rows that were answered name their members, and quick 502s among them do not: between answers of the same pool they come of
// no outage. All in a row they may, and that is a claim.
func TestQuickFailuresAmidAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		failing func(i int) bool
		want    []string
	}{
		"now and then": {func(i int) bool { return i%5 == 4 }, nil},
		"in a row":     {func(i int) bool { return i >= 30 && i < 40 }, []string{"a-all-unhealthy-fail-closed medium 10"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newAzureStory(t)
			for i := range 60 {
				if s.after(3 * time.Second); c.failing(i) {
					s.request(0, badGateway)
				} else {
					s.request(4, firstGeneration)
				}
			}
			expect(t, s.diagnose(), c.want...)
		})
	}
}

// Backend health has every member down: then a log that names none agrees with it.
func TestLogWithoutMembersBesideHealth(t *testing.T) {
	s := newAzureStory(t)
	for _, a := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		s.server(a, "Down", "status_mismatch", "Expected:200-399 Received:404")
	}
	for range 20 {
		s.after(time.Second).request(0, badGateway)
	}
	if r := s.diagnose(); len(r.Findings) != 1 || r.Findings[0].Cause != "a-probe-status-mismatch" {
		t.Errorf("%+v", r.Findings)
	}
}
