package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

// HeaderTooBig recognises e-header-too-big: the response header is larger than the gateway takes.
var HeaderTooBig = inference.Decided("e-header-too-big", inference.Trace, "the head of the response was above the limit",
	"the head of the response was above the gateway's limit", inference.Is(fault.Backend, fault.Head, fault.TooLarge))
