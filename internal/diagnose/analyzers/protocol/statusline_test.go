package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The status line of the response is none; a malformed head has one.
func TestStatusLine(t *testing.T) {
	t.Parallel()
	story.Decided(t, "e-status-line",
		fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.BadStatus},
		fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Malformed})
}
