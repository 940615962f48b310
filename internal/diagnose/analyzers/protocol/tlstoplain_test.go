package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Plain bytes answer the handshake; a member that closes sends none.
func TestTLSToPlain(t *testing.T) {
	t.Parallel()
	story.Decided(t, "e-tls-to-plain",
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.NotTLS},
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Closed})
}
