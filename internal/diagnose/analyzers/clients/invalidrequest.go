package clients

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
)

// InvalidRequest recognises j-invalid-request: requests that are not valid HTTP.
var InvalidRequest = inference.Decided("j-invalid-request", inference.Log, "the gateway refused to read the request",
	"the request is not valid HTTP", func(e *traffic.Event) bool {
		if e.Fault.Side != fault.Client || e.Session {
			return false
		}
		switch e.Fault.Phase {
		case fault.Request, fault.Handshake:
			return e.Fault.Kind != fault.Closed && e.Fault.Kind != fault.Reset
		case fault.Upload:
			return e.Fault.Kind == fault.Malformed
		}
		return false
	})
