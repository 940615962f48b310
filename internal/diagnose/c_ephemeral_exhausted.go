package diagnose

import (
	"causeway/internal/fault"
)

var outOfPorts = decided("c-ephemeral-exhausted", theTrace, "EADDRNOTAVAIL while connecting",
	"the gateway found no free local port", func(e *event) bool {
		return e.fault.Kind == fault.Exhausted && e.fault.Errno == "EADDRNOTAVAIL"
	})
