package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The certificate is not meant for servers; one for another name is.
func TestKeyUsage(t *testing.T) {
	t.Parallel()
	story.Decided(t, "f-key-usage",
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_key_usage"},
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_name_mismatch"})
}
