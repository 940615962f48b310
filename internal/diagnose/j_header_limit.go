package diagnose

import (
	"causeway/internal/fault"
)

var headerLimit = decided("j-header-limit", theLog, "the request head was above the limit",
	"the request head was above the gateway's limit",
	is(fault.Client, fault.Request, fault.URITooLong, fault.TooLarge))
