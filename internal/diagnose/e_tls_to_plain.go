package diagnose

import (
	"causeway/internal/fault"
)

var notTLS = decided("e-tls-to-plain", theTrace, "the first bytes of the answer to the handshake are no TLS",
	"the member answered the TLS handshake in plain text", is(fault.Backend, fault.TLS, fault.NotTLS))
