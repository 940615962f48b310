package clients

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

var HeaderLimit = inference.Decided("j-header-limit", inference.Log, "the request head was above the limit",
	"the request head was above the gateway's limit",
	inference.Is(fault.Client, fault.Request, fault.URITooLong, fault.TooLarge))
