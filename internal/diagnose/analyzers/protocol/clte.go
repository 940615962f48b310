package protocol

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/fault"
)

// CLTE recognises e-cl-te: the response contradicts itself about its length.
var CLTE = inference.Decided("e-cl-te", inference.Trace, "the response gives its length in two ways",
	"the response contradicts itself about its length", inference.Is(fault.Backend, fault.Head, fault.Ambiguous))
