package diagnose

import (
	"causeway/internal/fault"
)

var bigHead = decided("e-header-too-big", theTrace, "the head of the response was above the limit",
	"the head of the response was above the gateway's limit", is(fault.Backend, fault.Head, fault.TooLarge))
