package diagnose

import (
	"fmt"

	"causeway/fault"
)

// decides makes a hypothesis of a fault that needs no statistics: the record itself saw the mechanism.
func decides(id, fact string, want func(*event) bool) func(*inquiry) {
	return func(q *inquiry) {
		keys, groups := groupBy(q.unclaimed(want), (*event).key)
		for _, k := range keys {
			events := groups[k]
			f := q.claim(id, events, scopeOf(events), High)
			f.says("access-log", fmt.Sprintf("%d × %s", len(events), fact)+detail(events), events...)
			q.fill(map[string]string{"address": address(events)}, f)
		}
	}
}

// detail is what the gateway noted beside the fault, if all events agree on it.
func detail(events []*event) string {
	d := events[0].fault.Detail
	for _, e := range events {
		if e.fault.Detail != d {
			return ""
		}
	}
	if d == "" {
		return ""
	}
	return ": " + d
}

// is matches a fault by side, phase and kinds.
func is(side fault.Side, phase fault.Phase, kinds ...fault.Kind) func(*event) bool {
	return func(e *event) bool {
		if e.fault.Side != side || e.fault.Phase != phase {
			return false
		}
		for _, k := range kinds {
			if e.fault.Kind == k {
				return true
			}
		}
		return len(kinds) == 0
	}
}

func either(a, b func(*event) bool) func(*event) bool {
	return func(e *event) bool { return a(e) || b(e) }
}

// certificateFault matches a refused certificate by the reason that verification gave.
func certificateFault(reasons ...string) func(*event) bool {
	return func(e *event) bool {
		if e.fault.Phase != fault.TLS || e.fault.Kind != fault.Certificate {
			return false
		}
		for _, r := range reasons {
			if e.fault.Detail == r {
				return true
			}
		}
		return false
	}
}

// What a record decides by itself.
var (
	shortUpload = decides("j-short-body", "the client ended its body before the length that it had declared",
		is(fault.Client, fault.Upload, fault.Truncated))
	slowUpload = decides("j-slow-upload", "head or body of the request did not arrive in time",
		either(is(fault.Client, fault.Request, fault.Timeout), is(fault.Client, fault.Upload, fault.Timeout)))
	headerLimit = decides("j-header-limit", "the request head was above the gateway's limit",
		is(fault.Client, fault.Request, fault.URITooLong, fault.TooLarge))
	bodyLimit = decides("j-too-large", "the request body was above the gateway's limit",
		either(is(fault.Client, fault.Request, fault.BodyTooBig), is(fault.Client, fault.Upload, fault.BodyTooBig)))
	noListener = decides("i-no-listener-match", "no listener serves the host", is(fault.Client, fault.Route, fault.NoListener))

	gatewayEnded = decides("c-gateway-reload", "the gateway ended the connection under a request, as it drained", func(e *event) bool {
		return e.fault.Side == fault.Gateway && e.fault.Kind == fault.Closed
	})
	outOfDescriptors = decides("h-fd", "the gateway could open no more sockets", func(e *event) bool {
		return e.fault.Kind == fault.Exhausted && (e.fault.Errno == "EMFILE" || e.fault.Errno == "ENFILE")
	})
	outOfPorts = decides("c-ephemeral-exhausted", "the gateway found no free local port", func(e *event) bool {
		return e.fault.Kind == fault.Exhausted && e.fault.Errno == "EADDRNOTAVAIL"
	})

	expired     = decides("f-expired", "the member's certificate is outside its validity", certificateFault("cert_expired"))
	wrongName   = decides("f-name-mismatch", "the member's certificate does not cover the name that the gateway asks for", certificateFault("cert_name_mismatch"))
	untrusted   = decides("f-unknown-ca", "the member's certificate does not lead to a trusted root", certificateFault("cert_unknown_ca"))
	notTLS      = decides("e-tls-to-plain", "the member answered the TLS handshake in plain text", is(fault.Backend, fault.TLS, fault.NotTLS))
	bigHead     = decides("e-header-too-big", "the head of the response was above the gateway's limit", is(fault.Backend, fault.Head, fault.TooLarge))
	ambiguous   = decides("e-cl-te", "the response contradicts itself about its length", is(fault.Backend, fault.Head, fault.Ambiguous))
	invalidHead = decides("e-bad-header", "the head of the response breaks a rule of HTTP/1.1", is(fault.Backend, fault.Head, fault.Malformed))
	badChunk    = decides("e-bad-chunk", "the chunked framing of the response is broken", is(fault.Backend, fault.Body, fault.Malformed))
)

// invalidRequest takes what remains of requests that the gateway refused to read.
var invalidRequest = decides("j-invalid-request", "the request is not valid HTTP", func(e *event) bool {
	if e.fault.Side != fault.Client {
		return false
	}
	switch e.fault.Phase {
	case fault.Request, fault.Handshake:
		return e.fault.Kind != fault.Closed && e.fault.Kind != fault.Reset
	case fault.Upload:
		return e.fault.Kind == fault.Malformed
	}
	return false
})
