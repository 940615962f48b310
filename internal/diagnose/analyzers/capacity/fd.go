package capacity

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
)

// FD recognises h-fd: the gateway ran out of descriptors.
var FD = inference.Decided("h-fd", inference.Trace, "EMFILE or ENFILE while connecting",
	"the gateway could open no more sockets", func(e *traffic.Event) bool {
		return e.Fault.Kind == fault.Exhausted && (e.Fault.Errno == "EMFILE" || e.Fault.Errno == "ENFILE")
	})
