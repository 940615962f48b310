package diagnose

import "causeway/fault"

var badInterim = decided("e-interim", theTrace, "informational responses without end, or a switch of protocols that nobody asked for",
	"the member answered with what was not asked for", is(fault.Backend, fault.Head, fault.BadInterim))
