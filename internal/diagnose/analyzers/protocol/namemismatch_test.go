package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The certificate is for another name; an untrusted one may have the right name.
func TestNameMismatch(t *testing.T) {
	t.Parallel()
	story.Decided(t, "f-name-mismatch",
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_name_mismatch"},
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_unknown_ca"})
}
