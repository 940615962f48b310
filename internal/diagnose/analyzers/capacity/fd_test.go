package capacity_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Without descriptors the gateway opens no socket; without local ports it opens one and cannot connect it.
func TestFD(t *testing.T) {
	t.Parallel()
	story.Decided(t, "h-fd",
		fault.Fault{Side: fault.Gateway, Phase: fault.Connect, Kind: fault.Exhausted, Errno: "EMFILE"},
		fault.Fault{Side: fault.Gateway, Phase: fault.Connect, Kind: fault.Exhausted, Errno: "EADDRNOTAVAIL"})
}
