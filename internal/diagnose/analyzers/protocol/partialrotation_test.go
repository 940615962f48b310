package protocol_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Certificates expired. If another member answers with a valid one, only some of them were renewed.
func TestPartialRotation(t *testing.T) {
	t.Parallel()
	expired := fault.Fault{Side: fault.Backend, Phase: fault.TLS, Kind: fault.Certificate, Detail: "cert_expired"}
	story.Twins(t, func(s *story.Story, othersAnswer bool) {
		for range 20 {
			s.After(time.Second).Request(4, story.Fails(expired, 5*time.Millisecond))
			if othersAnswer {
				s.Request(5)
			} else {
				s.Request(5, story.Fails(expired, 5*time.Millisecond))
			}
		}
	}, "f-partial-rotation")
}
