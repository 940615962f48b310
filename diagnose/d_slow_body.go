package diagnose

import "causeway/fault"

var slowBody = decided("d-slow-body", theTrace, "the head of the answer came, and its body stood still for the timeout",
	"the body of the answer stood still until the timeout", is(fault.Backend, fault.Body, fault.Timeout))
