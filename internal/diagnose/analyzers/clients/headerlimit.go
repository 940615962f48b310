package clients

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

// HeaderLimit recognises j-header-limit: request headers above the gateway's limit.
var HeaderLimit = inference.Decided("j-header-limit", inference.Log, "the request head was above the limit",
	"the request head was above the gateway's limit",
	inference.Is(fault.Client, fault.Request, fault.URITooLong, fault.TooLarge))
