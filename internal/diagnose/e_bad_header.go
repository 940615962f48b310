package diagnose

import (
	"causeway/internal/fault"
)

var invalidHead = decided("e-bad-header", theTrace, "the head of the response breaks a rule",
	"the head of the response breaks a rule of HTTP/1.1", is(fault.Backend, fault.Head, fault.Malformed))
