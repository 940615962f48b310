package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

// BadChunk recognises e-bad-chunk: the chunked framing of the response is broken.
var BadChunk = inference.Decided("e-bad-chunk", inference.Trace, "the chunked framing of the response is broken",
	"the chunked framing of the response is broken", inference.Is(fault.Backend, fault.Body, fault.Malformed))
