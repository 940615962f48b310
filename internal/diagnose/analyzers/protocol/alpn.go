package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

// ALPN recognises e-alpn: gateway and member do not speak the same version of HTTP.
var ALPN = inference.Decided("e-alpn", inference.Trace, "the answer to HTTP/1.1 is a frame of HTTP/2",
	"the member speaks HTTP/2 only", notHTTP(fault.HTTP2Frame))
