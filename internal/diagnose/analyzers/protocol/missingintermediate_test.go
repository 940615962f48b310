package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The chain lacks an intermediate certificate; a chain that is complete may lead to an unknown root.
func TestMissingIntermediate(t *testing.T) {
	t.Parallel()
	story.Decided(t, "f-missing-intermediate",
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_missing_intermediate"},
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_unknown_ca"})
}
