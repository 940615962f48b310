package diagnose

import (
	"causeway/internal/fault"
)

var bodyLimit = decided("j-too-large", theLog, "the request body was above the limit",
	"the request body was above the gateway's limit",
	either(is(fault.Client, fault.Request, fault.BodyTooBig), is(fault.Client, fault.Upload, fault.BodyTooBig)))
