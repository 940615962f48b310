package probes_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// The health page is a file; users' requests need more than that. The status that the last probe got reveals the redirect.
func TestGreenProbeRedTraffic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		detail, want string
		azure        bool
	}{
		{"Success. Received 200 status code", "a-green-probe-red-traffic high 0", false},
		{"Success. Received 302 status code", "a-probe-redirect-trap high 0", false},
		{"Success. Received 200 status code", "a-green-probe-red-traffic medium 0", true},
	} {
		t.Run(c.detail, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Azure, s.Doc = c.azure, story.Probed("/health")
			s.Traffic(30*time.Second, []int{4, 5}, story.Answers(500))
			history := []string{"2026-11-23T08:00:00Z Up"}
			if c.azure {
				history = nil
			}
			s.Server("10.0.0.4", "Up", "", c.detail, history...)
			s.Server("10.0.0.5", "Up", "", c.detail, history...)
			story.Expect(t, s.Diagnose(), "k-backend-5xx high 600", c.want)
		})
	}
}

// A member that serves some and turns the others away has too much to do: its probe tells the truth.
func TestSheddingIsNoGreenProbe(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Doc = story.Probed("/health")
	for range 100 {
		s.Traffic(200*time.Millisecond, []int{4}, story.Answers(503))
		s.Traffic(100*time.Millisecond, []int{4})
	}
	s.Server("10.0.0.4", "Up", "", "Success. Received 200 status code", "2026-11-23T08:00:00Z Up")
	for _, f := range s.Diagnose().Findings {
		if f.Cause == "a-green-probe-red-traffic" {
			t.Errorf("%s %s", f.Cause, f.Confidence)
		}
	}
}
