package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Alert 112 refuses the name; alert 116 demands a certificate of the client.
func TestSNIRequired(t *testing.T) {
	t.Parallel()
	story.Decided(t, "f-sni-required",
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Alerted, Alert: 112},
		fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Alerted, Alert: 116})
}
