package clients_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The head of the request is above its limit, not the body.
func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	story.Decided(t, "j-header-limit",
		fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.TooLarge},
		fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.BodyTooBig})
}
