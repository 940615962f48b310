package diagnose

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// importing has clients leave late and requests time out on one path; the member answers all others at once. slow of the path's
// requests are answered late.
func importing(t *testing.T, slow int) *story {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":60`, 1)
	left := func(after time.Duration) change2 {
		return func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Status, r.ErrorInfo, r.Taken = fault.ClientGone, fault.ClientClosed, after
			a.Status, a.HeaderTime, a.Wait, a.Total = 0, accesslog.Unset, accesslog.Unset, after
		}
	}
	for i := range 600 {
		s.after(2 * time.Second).request(4 + i%2)
		switch {
		case i%40 == 7:
			s.request(4, path("/import"), fails(timeoutFault, 60*time.Second))
		case i%20 == 13:
			s.request(5, path("/import"), left(time.Duration(20+i%39)*time.Second))
		case i%30 == 4 && slow > 0:
			slow--
			s.request(4, path("/import"), took(time.Duration(10+i%45)*time.Second))
		}
	}
	return s
}

func TestLeaversAndTimeoutsAreOneStory(t *testing.T) {
	expect(t, importing(t, 15).diagnose(), "d-slow-route medium 45")
	r := importing(t, 0).diagnose() // whether it ever ends is not seen
	if len(r.Findings) != 0 || len(r.Undetermined.Groups) != 1 || likely(r) != "d-slow-route" {
		t.Errorf("found %q, open %q", causes(r), likely(r))
	}
}

// Requests that no member was asked are no timeouts, however long they took.
func TestRequestsThatNobodyWasAsked(t *testing.T) {
	for doc, want := range map[string]string{
		storyDocument: "Look what it does before",
		strings.Replace(storyDocument, `"requestRoutingRules"`, `"entraJWTValidationConfigs":[{"name":"j","properties":{"tenantId":"t","clientId":"c"}}],"requestRoutingRules"`, 1): "The document validates tokens (entraJWTValidationConfig, JWT)",
	} {
		s := newAzureStory(t)
		s.doc = doc
		for i := range 60 {
			if s.after(time.Second).request(4); i%3 == 0 {
				s.request(0, path("/enter"), func(r *accesslog.Record, _ *accesslog.Attempt) { r.Status, r.Taken = 500, 60*time.Second })
			}
		}
		r := s.diagnose()
		if causes(r) != "" || likely(r) != "k-auth-subrequest" || !strings.Contains(r.Undetermined.Groups[0].Next, want) {
			t.Errorf("found %q, open %+v", causes(r), r.Undetermined.Groups)
		}
		for _, x := range r.WhatIf.Savings {
			if x.Setting == "requestTimeout" {
				t.Errorf("no request timeout has a part in it: %+v", x)
			}
		}
		if step := stepOf(r, "request-timeout"); step.Result != pass {
			t.Errorf("%+v", step)
		}
	}
}
