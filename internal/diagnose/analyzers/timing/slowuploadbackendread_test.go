package timing_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The member does not take the request in time; otherwise it takes the request, and does not answer in time.
func TestSlowUploadBackendRead(t *testing.T) {
	t.Parallel()
	story.Decided(t, "d-slow-upload-backend-read",
		fault.Fault{Side: fault.Backend, Phase: fault.Send, Kind: fault.Timeout},
		fault.Fault{Side: fault.Backend, Phase: fault.Wait, Kind: fault.Timeout})
}
