package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

var TLSToPlain = inference.Decided("e-tls-to-plain", inference.Trace, "the first bytes of the answer to the handshake are no TLS",
	"the member answered the TLS handshake in plain text", inference.Is(fault.Backend, fault.TLS, fault.NotTLS))
