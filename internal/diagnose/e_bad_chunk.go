package diagnose

import (
	"causeway/internal/fault"
)

var badChunk = decided("e-bad-chunk", theTrace, "the chunked framing of the response is broken",
	"the chunked framing of the response is broken", is(fault.Backend, fault.Body, fault.Malformed))
