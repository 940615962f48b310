package diagnose

import "causeway/fault"

var badStatusLine = decided("e-status-line", theTrace, "the version or the status in the status line is none",
	"the status line of the response is none", is(fault.Backend, fault.Head, fault.BadStatus))
