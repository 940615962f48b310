package protocol

import (
	"causeway/internal/diagnose/inference"
)

// Version recognises f-version: gateway and member share no version of TLS.
var Version = inference.Decided("f-version", inference.Trace, "the member ends TLS with the alert that the version is not supported",
	"gateway and member have no TLS version in common (TLS alert 70)", alerted(70))
