package diagnose

import (
	"causeway/internal/fault"
)

var gatewayEnded = decided("c-gateway-reload", theTrace, "the gateway itself ended the connection, as it drained",
	"the gateway ended the connection under a request, as it drained", func(e *event) bool {
		return e.fault.Side == fault.Gateway && e.fault.Kind == fault.Closed
	})
