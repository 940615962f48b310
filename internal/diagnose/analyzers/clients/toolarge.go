package clients

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

// TooLarge recognises j-too-large: request bodies above the gateway's limit.
var TooLarge = inference.Decided("j-too-large", inference.Log, "the request body was above the limit",
	"the request body was above the gateway's limit",
	inference.Either(inference.Is(fault.Client, fault.Request, fault.BodyTooBig),
		inference.Is(fault.Client, fault.Upload, fault.BodyTooBig)))
