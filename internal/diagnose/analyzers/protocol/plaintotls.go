package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

// PlainToTLS recognises e-plain-to-tls: plain HTTP is sent to a TLS port.
var PlainToTLS = inference.Decided("e-plain-to-tls", inference.Trace, "the answer to plain HTTP is a TLS record",
	"plain HTTP was sent to a port that expects TLS", notHTTP(fault.TLSRecord))
