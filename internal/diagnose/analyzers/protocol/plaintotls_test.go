package protocol_test

import (
	"testing"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// A TLS record answers plain HTTP; a frame of HTTP/2 is plain as well.
func TestPlainToTLS(t *testing.T) {
	t.Parallel()
	story.Decided(t, "e-plain-to-tls",
		fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.NotHTTP, Detail: fault.TLSRecord},
		fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.NotHTTP, Detail: fault.HTTP2Frame})
}
