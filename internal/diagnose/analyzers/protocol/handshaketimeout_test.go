package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The handshake runs into its timeout; before it, the attempt to connect would have.
func TestHandshakeTimeout(t *testing.T) {
	t.Parallel()
	story.Decided(t, "f-handshake-timeout",
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Timeout},
		fault.Fault{Side: fault.Network, Phase: fault.Connect, Kind: fault.Timeout})
}
