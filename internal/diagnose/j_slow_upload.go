package diagnose

import (
	"causeway/internal/fault"
)

var slowUpload = decided("j-slow-upload", theLog, "head or body of the request did not arrive in time",
	"head or body of the request did not arrive in time",
	either(is(fault.Client, fault.Request, fault.Timeout), is(fault.Client, fault.Upload, fault.Timeout)))
