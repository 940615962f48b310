package clients_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The body of the request is above its limit, not the head.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	story.Decided(t, "j-too-large",
		fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.BodyTooBig},
		fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.TooLarge})
}
