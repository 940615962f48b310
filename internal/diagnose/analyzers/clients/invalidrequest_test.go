package clients_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
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

// Azure's log has one word for a request that breaks the rules and for a head that is too large.
func TestOneWordForTwoRefusals(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/a": "j-header-limit", "/nobody": "j-invalid-request"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for i := range 60 {
				if s.After(time.Second).Request(4); i%4 == 0 {
					s.Request(0, story.Path(path), func(r *accesslog.Record, _ *accesslog.Attempt) {
						r.Status, r.ErrorInfo = 400, fault.InvalidRequest
					})
				}
			}
			s.Counts = &story.Counts{Requests: 75, Failures: 15}
			if g := story.Group(t, s.Diagnose(), 0); g.Failures != 15 || g.Rivals[0].Cause != want {
				t.Errorf("%d failures, first of all %s", g.Failures, g.Rivals[0].Cause)
			}
		})
	}
}

// A first-generation gateway gives no reason, but names the member wherever one was asked: 400 without a member is its own. Where the log
// names none at all, a 400 may be anybody's.
func TestRefusalsOfTheFirstGeneration(t *testing.T) {
	t.Parallel()
	for member, failures := range map[int]int{4: 15, 0: 0} {
		t.Run(fmt.Sprint(failures), func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for i := range 60 {
				if s.After(time.Second).Request(member, story.FirstGeneration); i%4 == 3 {
					s.Request(0, story.Path("/nobody"), story.FirstGeneration, story.Status(400))
				}
			}
			s.Counts = &story.Counts{Requests: 75, Failures: failures}
			r := s.Diagnose()
			if groups := r.Undetermined.Groups; len(r.Findings) > 0 || len(groups) != min(failures, 1) {
				t.Errorf("findings %v, %d open groups", r.Findings, len(groups))
			}
		})
	}
}
