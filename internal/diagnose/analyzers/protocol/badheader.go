package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

// BadHeader recognises e-bad-header: the response is not valid HTTP/1.1.
var BadHeader = inference.Decided("e-bad-header", inference.Trace, "the head of the response breaks a rule",
	"the head of the response breaks a rule of HTTP/1.1", inference.Is(fault.Backend, fault.Head, fault.Malformed))
