package diagnose

import (
	"causeway/internal/fault"
)

var outOfDescriptors = decided("h-fd", theTrace, "EMFILE or ENFILE while connecting",
	"the gateway could open no more sockets", func(e *event) bool {
		return e.fault.Kind == fault.Exhausted && (e.fault.Errno == "EMFILE" || e.fault.Errno == "ENFILE")
	})
