package connections

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
)

// GatewayReload recognises c-gateway-reload: the gateway cut requests when it ended or let go of a listener.
var GatewayReload = inference.Decided("c-gateway-reload", inference.Trace, "the gateway itself ended the connection, as it drained",
	"the gateway ended the connection under a request, as it drained", func(e *traffic.Event) bool {
		return e.Fault.Side == fault.Gateway && e.Fault.Kind == fault.Closed
	})
