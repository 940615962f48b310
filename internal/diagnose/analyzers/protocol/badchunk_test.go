package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The body of the response is malformed, not its head.
func TestBadChunk(t *testing.T) {
	t.Parallel()
	story.Decided(t, "e-bad-chunk",
		fault.Fault{Side: fault.Backend, Phase: fault.Body, Kind: fault.Malformed},
		fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Malformed})
}
