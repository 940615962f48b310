package diagnose

import (
	"causeway/internal/fault"
)

var shortUpload = decided("j-short-body", theTrace, "the client ended its body before the declared length",
	"the client ended its body before the length that it had declared",
	is(fault.Client, fault.Upload, fault.Truncated))
