package diagnose

import (
	"causeway/internal/fault"
)

var ambiguous = decided("e-cl-te", theTrace, "the response gives its length in two ways",
	"the response contradicts itself about its length", is(fault.Backend, fault.Head, fault.Ambiguous))
