package protocol_test

import (
	"testing"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// No feature of a gateway makes a 502 of a good answer; a head or body that it cannot pass on does.
func TestGoodAnswerThatBecame502(t *testing.T) {
	t.Parallel()
	s := story.Lively(t, 10, func(r *accesslog.Record, a *accesslog.Attempt) { r.Status, a.Status = 502, 200 })
	if r := s.Diagnose(); story.Causes(r) != "" || story.Likely(r) != "e-bad-header" {
		t.Errorf("found %q, open %q", story.Causes(r), story.Likely(r))
	}
}

// The head of the response is malformed, not its body.
func TestBadHeader(t *testing.T) {
	t.Parallel()
	story.Decided(t, "e-bad-header",
		fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Malformed},
		fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Malformed})
}
