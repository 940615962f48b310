package diagnose

import (
	"causeway/fault"
)

var noListener = decided("i-no-listener-match", theLog, "no listener serves the host",
	"no listener serves the host", is(fault.Client, fault.Route, fault.NoListener))
