package clients_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The client ends its body too early; a slow one does not end it.
func TestShortBody(t *testing.T) {
	t.Parallel()
	story.Decided(t, "j-short-body",
		fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Truncated},
		fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Timeout})
}
