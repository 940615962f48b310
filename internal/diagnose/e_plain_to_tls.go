package diagnose

import "causeway/internal/fault"

var plainToTLS = decided("e-plain-to-tls", theTrace, "the answer to plain HTTP is a TLS record",
	"plain HTTP was sent to a port that expects TLS", notHTTP(fault.TLSRecord))
