package clients

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

// ShortBody recognises j-short-body: clients ended their uploads early.
var ShortBody = inference.Decided("j-short-body", inference.Trace, "the client ended its body before the declared length",
	"the client ended its body before the length that it had declared",
	inference.Is(fault.Client, fault.Upload, fault.Truncated))
