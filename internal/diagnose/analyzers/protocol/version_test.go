package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Alert 70 refuses the version; alert 112 refuses the name.
func TestVersion(t *testing.T) {
	t.Parallel()
	story.Decided(t, "f-version",
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Alerted, Alert: 70},
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Alerted, Alert: 112})
}
