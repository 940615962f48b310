package clients_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
)

// Quick pages come from a cache in five milliseconds; a refusal takes fifteen. That is no longer "sooner than anything else".
func TestQuickRefusalsAreCalledWhatTheyAre(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	story.BusySeconds(s, 20, 10, func(i, n int) {
		if n >= 8 && i%2 == 0 {
			s.Request(4, story.Active(n), story.Took(15*time.Millisecond), story.Status(503))
		} else {
			s.Request(4, story.Active(n%8), story.Took(5*time.Millisecond))
		}
	})
	if text := story.TextOf(t, s.Diagnose()); strings.Contains(text, "sooner than it answers") {
		t.Error("refusals that take three times as long as answers are called sooner")
	}
}

// The request breaks a rule; a request that is too large breaks a limit.
func TestInvalidRequest(t *testing.T) {
	t.Parallel()
	story.Decided(t, "j-invalid-request",
		fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.BadHost},
		fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.TooLarge})
}
