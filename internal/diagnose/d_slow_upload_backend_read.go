package diagnose

import "causeway/internal/fault"

var slowUploadRead = decided("d-slow-upload-backend-read", theTrace, "sending the request to the member runs into the timeout",
	"the member did not take the request body in time", is(fault.Backend, fault.Send, fault.Timeout))
