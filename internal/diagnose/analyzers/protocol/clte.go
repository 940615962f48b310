package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

var CLTE = inference.Decided("e-cl-te", inference.Trace, "the response gives its length in two ways",
	"the response contradicts itself about its length", inference.Is(fault.Backend, fault.Head, fault.Ambiguous))
