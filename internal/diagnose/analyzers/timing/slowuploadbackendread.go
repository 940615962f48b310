package timing

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

// SlowUploadBackendRead recognises d-slow-upload-backend-read: a timer of the backend counts the time of the upload.
var SlowUploadBackendRead = inference.Decided("d-slow-upload-backend-read", inference.Trace,
	"sending the request to the member runs into the timeout",
	"the member did not take the request body in time", inference.Is(fault.Backend, fault.Send, fault.Timeout))
