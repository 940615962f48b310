package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// 429 is said by what counts requests; 403 may be said to anybody.
func TestBlockedProbes(t *testing.T) {
	for status, want := range map[string]string{"429": "a-probe-blocked high 50", "403": "a-probe-status-mismatch high 50"} {
		s := story.New(t)
		s.Doc = story.Probed("/health")
		s.OutOfService(5 * time.Second)
		s.Server("10.0.0.4", "Down", "status_mismatch", "", "2026-11-23T08:00:00Z Down status_mismatch "+status)
		r := s.Diagnose()
		story.Expect(t, r, want)
		if status == "403" && !strings.Contains(story.RivalsOf(&r.Findings[0]), "a-probe-blocked") {
			t.Errorf("rivals of 403: %s", story.RivalsOf(&r.Findings[0]))
		}
	}
}

// A probe without a host of its own gets 404. Whether it is the page that is missing or the host that is unknown shows where
// users got that very page; otherwise either may be.
func TestNotFoundIsPageOrHost(t *testing.T) {
	for _, c := range []struct {
		asked, want string
	}{{"/other", "a-probe-status-mismatch high 50"}, {"/health", "a-probe-host-mismatch high 50"}} {
		s := story.New(t)
		s.Doc = story.Probed("/health")
		s.Traffic(2*time.Second, []int{4}, story.Path(c.asked))
		s.OutOfService(5 * time.Second)
		s.Server("10.0.0.4", "Down", "status_mismatch", "", "2026-11-23T09:00:02Z Down status_mismatch 404")
		r := s.Diagnose()
		if story.Expect(t, r, c.want); c.asked == "/other" && !strings.Contains(story.RivalsOf(&r.Findings[0]), "a-probe-host-mismatch") {
			t.Errorf("rivals: %s", story.RivalsOf(&r.Findings[0]))
		}
	}
}
