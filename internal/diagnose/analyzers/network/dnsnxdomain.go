package network

import (
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
)

// DNSNXDomain recognises b-dns-nxdomain: the name of the member does not resolve.
var DNSNXDomain = inference.Analyzer{
	Name: "b-dns-nxdomain", Requires: inference.Trace,
	Doc: "the name of a member had no address",
	Run: unresolved,
}

// unresolved: a member's name had no address.
func unresolved(c *inference.Case) {
	inference.Decides("b-dns-nxdomain", "the name of the member had no address",
		func(e *traffic.Event) bool { return e.Fault.Kind == fault.Unresolved })(c)
}
