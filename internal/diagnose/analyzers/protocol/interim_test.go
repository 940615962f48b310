package protocol_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// The gateway ended requests at its own limit for interim responses: the report names the limit and its numbers, and blames nobody.
func TestInterimLimitIsTheGateways(t *testing.T) {
	t.Parallel()
	for _, detail := range []string{
		"the gateway passes on at most 1,000 interim responses a second to a request",
		"the gateway passes on at most 4 MiB of interim responses to a request",
	} {
		t.Run(detail, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			limit := fault.Fault{Side: fault.Gateway, Phase: fault.Head, Kind: fault.BadInterim, Detail: detail}
			for range 10 {
				s.After(time.Second).Request(4, story.Fails(limit, 10*time.Millisecond),
					func(_ *accesslog.Record, a *accesslog.Attempt) { a.Interim = 1001 })
				s.Request(5)
			}
			r := s.Diagnose()
			story.Expect(t, r, "e-interim high 10")
			for _, want := range []string{
				"at most 1,000 interim responses (1xx) a second and 4 MiB",
				"own: a member may send any number of them", "let 10.0.0.4 send fewer interim responses",
			} {
				story.EveryForm(t, r, want)
			}
			story.EveryForm(t, r, detail)
		})
	}
}

// Interim responses may come in any number: where they end a request it is for a limit of the gateway's. A switch of protocols that
// nobody asked for is the member's fault.
func TestInterimResponses(t *testing.T) {
	t.Parallel()
	for detail, want := range map[string]string{
		"it switches to a protocol that nobody asked for": "e-interim high",
		"interim responses of more than 65536 bytes":      "",
	} {
		t.Run(detail, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			bad := fault.Fault{Side: fault.Backend, Phase: fault.Head, Kind: fault.BadInterim, Detail: detail}
			for range 10 {
				s.After(time.Second).Request(4, story.Fails(bad, 10*time.Millisecond))
				s.Request(5)
			}
			r := s.Diagnose()
			if story.Causes(r) != want || want == "" && !strings.Contains(story.Group(t, r, 0).Next, "the gateway's own: "+"") &&
				!strings.Contains(story.Group(t, r, 0).Next, "is the gateway's own") {
				t.Errorf("%s: found %q, open %+v", detail, story.Causes(r), r.Undetermined.Groups)
			}
		})
	}
}
