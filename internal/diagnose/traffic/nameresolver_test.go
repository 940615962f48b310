package traffic_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// What the probes met is known by pool and settings, which the log does not name.
func TestNobodyHealthyWithoutNames(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for _, a := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		s.Server(a, "Down", "status_mismatch", "Expected:200-399 Received:404")
	}
	for range 20 {
		s.After(time.Second).Request(0, story.Nameless, story.Fails(story.NoHealthy, time.Millisecond))
	}
	r := s.Diagnose()
	if len(r.Findings) != 1 || story.Found(t, r, 0).Scope.Pool != "web" || len(story.Found(t, r, 0).Evidence) < 2 {
		t.Errorf("%+v", r.Findings)
	}
	if !strings.Contains(strings.Join(r.Assumptions, "\n"), "20 records name no pool") {
		t.Errorf("assumptions %q", r.Assumptions)
	}
}

// Members tell the pool where only one lists them.
func TestNamesByMember(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.Document, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for i := range 400 {
		s.After(time.Second).Request(4+i%3, story.Nameless)
		if i%20 == 0 {
			s.Request(4, story.Nameless, story.Path("/x"), story.Fails(story.TimeoutFault, 20*time.Second))
		}
	}
	for _, a := range s.Diagnose().Assumptions {
		if strings.Contains(a, "there is no gateway document") {
			t.Error(a)
		}
	}
}
