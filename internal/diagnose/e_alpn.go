package diagnose

import "causeway/internal/fault"

var wrongProtocolVersion = decided("e-alpn", theTrace, "the answer to HTTP/1.1 is a frame of HTTP/2",
	"the member speaks HTTP/2 only", notHTTP(fault.HTTP2Frame))
