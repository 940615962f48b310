package clients

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

// SlowUpload recognises j-slow-upload: clients did not finish sending in time.
var SlowUpload = inference.Decided("j-slow-upload", inference.Log, "head or body of the request did not arrive in time",
	"head or body of the request did not arrive in time",
	inference.Either(inference.Is(fault.Client, fault.Request, fault.Timeout), inference.Is(fault.Client, fault.Upload, fault.Timeout)))
