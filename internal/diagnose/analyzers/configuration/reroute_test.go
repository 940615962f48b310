package configuration_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// reroutedStory has a rule that sends a path to another pool from its middle on, where nobody is.
func reroutedStory(t *testing.T, before string) *story.Story {
	s := story.NewAzure(t)
	s.NoDoc = true
	to := func(pool string) story.Change {
		return func(r *accesslog.Record, _ *accesslog.Attempt) { r.Pool, r.Settings = pool, pool+"-settings" }
	}
	nobody := func(r *accesslog.Record, _ *accesslog.Attempt) {
		r.Status, r.ErrorInfo, r.Fault, r.Taken = 502, fault.UpstreamNoLive, story.NoHealthy, 0
	}
	for i := range 60 {
		if s.After(30 * time.Second); i < 40 {
			s.Request(4, story.Path("/crates"), to(before))
		} else {
			s.Request(0, story.Path("/crates"), nobody, to("leftover"))
		}
		s.Request(5, story.Path("/other"), to("front"))
	}
	return s
}

func TestRuleThatWasLedElsewhere(t *testing.T) {
	t.Parallel()
	r := reroutedStory(t, "crates").Diagnose()
	story.Expect(t, r, "i-recent-change medium 20")
	if f := *story.Found(t, r, 0); f.Rivals[0].Cause != "i-empty-pool" ||
		!strings.Contains(f.Evidence[0].Fact, `rule r1 sends /crates to pool "leftover"`) {
		t.Errorf("%+v", f)
	}
	if r := reroutedStory(t, "leftover").Diagnose(); strings.Contains(story.Causes(r), "i-recent-change") {
		t.Errorf("the same pool: found %q", story.Causes(r))
	}
}
