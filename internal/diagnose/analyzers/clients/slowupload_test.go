package clients_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The body of the request does not arrive in time; one that is cut short ends.
func TestSlowUpload(t *testing.T) {
	t.Parallel()
	story.Decided(t, "j-slow-upload",
		fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Timeout},
		fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Truncated})
}
