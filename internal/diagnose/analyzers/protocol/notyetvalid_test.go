package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The certificate is not valid yet; an expired one is not valid any more.
func TestNotYetValid(t *testing.T) {
	t.Parallel()
	story.Decided(t, "f-not-yet-valid",
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_not_yet_valid"},
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_expired"})
}
