package probes

import (
	"testing"

	"causeway/internal/diagnose/health"
	"causeway/internal/gateway"
)

// Azure words the same reason in several ways, with and without blanks.
func TestStatusOfAProbe(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Status code of the backend's HTTP response did not match the probe setting. Expected:200-399 Received:404.",
		"Status code of the backend's HTTP response did not match the probe setting. Expected: 200-399, Received: 404.",
		"Received invalid status code: 404 in the backend server's HTTP response. As per the health probe configuration, 200-399 is the acceptable status code. Either modify probe configuration or resolve backend issues.",
	} {
		if got := health.ReasonOfDetail(gateway.ServerHealth{Detail: text}); got != "status_mismatch" {
			t.Errorf("%q: %q", text, got)
		}
		if m := receivedStatus.FindStringSubmatch(text); m == nil || m[1] != "404" {
			t.Errorf("%q: status %v", text, m)
		}
	}
}
