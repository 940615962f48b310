package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

// The same, but the member works on them for long before it ends them, for times that fit no timer well: a limit in the
// server that fires late does that too, and a crash is not claimed.
func TestEndedAfterLongWork(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 40 {
		s.After(3 * time.Second).Request(4)
		if i%5 == 0 {
			s.Request(4, story.Path("/report"), story.Fails(story.RaceFault, time.Second+time.Duration(i*i%7)*50*time.Millisecond))
		}
	}
	for _, f := range s.Diagnose().Findings {
		t.Errorf("%s is claimed, %s: %v", f.Cause, f.Confidence, f.Evidence)
	}
}

// Requests for which no member was tried are no timeouts, however long they took.
func TestRequestsThatNobodyWasAsked(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		story.Document: "Look what it does before",
		strings.Replace(story.Document, `"requestRoutingRules"`,
			`"entraJWTValidationConfigs":[{"name":"j","properties":{"tenantId":"t","clientId":"c"}}],"requestRoutingRules"`,
			1): "The document validates tokens (entraJWTValidationConfig, JWT)",
	} {
		t.Run(doc, func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			s.Doc = doc
			for i := range 60 {
				if s.After(time.Second).Request(4); i%3 == 0 {
					s.Request(0, story.Path("/enter"), func(r *accesslog.Record, _ *accesslog.Attempt) {
						r.Status, r.Taken = 500,
							60*time.Second
					})
				}
			}
			r := s.Diagnose()
			if story.Causes(r) != "" || story.Likely(r) != "k-auth-subrequest" || !strings.Contains(story.Group(t, r, 0).Next, want) {
				t.Errorf("found %q, open %+v", story.Causes(r), r.Undetermined.Groups)
			}
			for _, x := range r.WhatIf.Savings {
				if x.Setting == "requestTimeout" {
					t.Errorf("no request timeout has a part in it: %+v", x)
				}
			}
			if step := story.StepOf(r, "request-timeout"); step.Result != report.Pass {
				t.Errorf("%+v", step)
			}
		})
	}
}
