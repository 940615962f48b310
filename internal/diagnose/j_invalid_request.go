package diagnose

import (
	"causeway/internal/fault"
)

var invalidRequest = decided("j-invalid-request", theLog, "the gateway refused to read the request",
	"the request is not valid HTTP", func(e *event) bool {
		if e.fault.Side != fault.Client || e.session {
			return false
		}
		switch e.fault.Phase {
		case fault.Request, fault.Handshake:
			return e.fault.Kind != fault.Closed && e.fault.Kind != fault.Reset
		case fault.Upload:
			return e.fault.Kind == fault.Malformed
		}
		return false
	})
