package protocol_test

import (
	"testing"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// No feature of a gateway makes a 502 of a good answer; a head or body that it cannot pass on does.
func TestGoodAnswerThatBecame502(t *testing.T) {
	s := story.Lively(t, 10, func(r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status = 502, 200 })
	if r := s.Diagnose(); story.Causes(r) != "" || story.Likely(r) != "e-bad-header" {
		t.Errorf("found %q, open %q", story.Causes(r), story.Likely(r))
	}
}
