package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

var ALPN = inference.Decided("e-alpn", inference.Trace, "the answer to HTTP/1.1 is a frame of HTTP/2",
	"the member speaks HTTP/2 only", notHTTP(fault.HTTP2Frame))
