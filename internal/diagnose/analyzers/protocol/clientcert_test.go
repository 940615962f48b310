package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Alert 116 demands a certificate of the client; alert 40 has several reasons.
func TestClientCert(t *testing.T) {
	t.Parallel()
	story.Decided(t, "f-client-cert",
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Alerted, Alert: 116},
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Alerted, Alert: 40})
}
