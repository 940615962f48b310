package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

// TLSToPlain recognises e-tls-to-plain: the gateway speaks TLS to a port that does not.
var TLSToPlain = inference.Decided("e-tls-to-plain", inference.Trace, "the first bytes of the answer to the handshake are no TLS",
	"the member answered the TLS handshake in plain text", inference.Is(fault.Backend, fault.TLS, fault.NotTLS))
