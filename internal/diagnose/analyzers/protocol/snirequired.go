package protocol

import (
	"causeway/internal/diagnose/inference"
)

// SNIRequired recognises f-sni-required: the member needs a server name.
var SNIRequired = inference.Decided("f-sni-required", inference.Trace, "the member ends TLS with the alert that it does not know the name",
	"the member does not know the server name of the handshake (TLS alert 112)", alerted(112))
