package connections_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Without local ports the gateway cannot connect a socket; without descriptors it opens none.
func TestEphemeralExhausted(t *testing.T) {
	t.Parallel()
	story.Decided(t, "c-ephemeral-exhausted",
		fault.Fault{Side: fault.Gateway, Phase: fault.Connect, Kind: fault.Exhausted, Errno: "EADDRNOTAVAIL"},
		fault.Fault{Side: fault.Gateway, Phase: fault.Connect, Kind: fault.Exhausted, Errno: "EMFILE"})
}
