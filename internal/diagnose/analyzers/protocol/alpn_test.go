package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// A frame of HTTP/2 answers a request in HTTP/1.1; a TLS record means another port.
func TestALPN(t *testing.T) {
	t.Parallel()
	story.Decided(t, "e-alpn",
		fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.NotHTTP, Detail: fault.HTTP2Frame},
		fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.NotHTTP, Detail: fault.TLSRecord})
}
