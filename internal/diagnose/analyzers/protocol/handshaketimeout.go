package protocol

import (
	"causeway/internal/diagnose/inference"
)

var HandshakeTimeout = inference.Decided("f-handshake-timeout", inference.Trace,
	"the connection is established and the handshake on it runs into its timeout",
	"the member accepted the connection and did not finish the TLS handshake in time", handshakeLate)
