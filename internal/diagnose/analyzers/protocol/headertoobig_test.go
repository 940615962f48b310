package protocol_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

func TestWhatTheRecordItselfDecides(t *testing.T) {
	t.Parallel()
	f := func(x fault.Fault, want string) {
		t.Helper()
		s := story.New(t)
		for range 2 {
			s.After(time.Second).Request(4, story.Fails(x, 20*time.Millisecond))
			s.Request(4)
		}
		story.Expect(t, s.Diagnose(), want+" 2")
	}
	f(fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.TooLarge}, "e-header-too-big high")
	f(fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Malformed}, "e-bad-header high")
	f(fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Ambiguous}, "e-cl-te high")
	f(fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_expired"}, "f-expired high")
	f(fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_name_mismatch"}, "f-name-mismatch high")
	f(fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.NotTLS}, "e-tls-to-plain high")
	f(fault.Fault{Side: fault.Client, Phase: fault.Wait, Kind: fault.Closed}, "j-client-abort high")
	f(fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Truncated}, "j-short-body high")
	f(fault.Fault{Side: fault.Client, Phase: fault.Upload, Kind: fault.Timeout}, "j-slow-upload high")
	f(fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.BadHost}, "j-invalid-request high")
	f(fault.Fault{Side: fault.Gateway, Phase: fault.Connect, Kind: fault.Exhausted, Errno: "EMFILE"}, "h-fd high")
	f(fault.Fault{Side: fault.Gateway, Phase: fault.Wait, Kind: fault.Closed}, "c-gateway-reload high")
}

// The head of the response is above its limit; a malformed one breaks a rule.
func TestHeaderTooBig(t *testing.T) {
	t.Parallel()
	story.Decided(t, "e-header-too-big",
		fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.TooLarge},
		fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.Malformed})
}
