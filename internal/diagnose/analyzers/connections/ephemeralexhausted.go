package connections

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
)

// EphemeralExhausted recognises c-ephemeral-exhausted: the gateway ran out of local ports.
var EphemeralExhausted = inference.Decided("c-ephemeral-exhausted", inference.Trace, "EADDRNOTAVAIL while connecting",
	"the gateway found no free local port", func(e *traffic.Event) bool {
		return e.Fault.Kind == fault.Exhausted && e.Fault.Errno == "EADDRNOTAVAIL"
	})
