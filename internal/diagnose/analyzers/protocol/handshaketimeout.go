package protocol

import (
	"causeway/internal/diagnose/inference"
)

// HandshakeTimeout recognises f-handshake-timeout: the member is too slow in the TLS handshake.
var HandshakeTimeout = inference.Decided("f-handshake-timeout", inference.Trace,
	"the connection is established and the handshake on it runs into its timeout",
	"the member accepted the connection and did not finish the TLS handshake in time", handshakeLate)
