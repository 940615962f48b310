package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The head gives the length of the response in two ways; a malformed one breaks another rule.
func TestCLTE(t *testing.T) {
	t.Parallel()
	story.Decided(t, "e-cl-te",
		fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Ambiguous},
		fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Malformed})
}
