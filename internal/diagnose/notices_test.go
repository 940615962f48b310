package diagnose_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// Retries and passive ejection hid all that failed, and no one cause stands out: the headline says what they did, and counts no failures.
func TestHeadlineOfWhatWasRecovered(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 40 {
		s.After(50 * time.Millisecond)
		if i < 3 {
			s.Request(5, story.Recovered(story.RaceFault, func(_ *accesslog.Record, a *accesslog.Attempt) {
				a.Member, a.Server, a.Ejected, a.Total = "10.0.0.6", story.ServerOf(6), i == 2, 2*time.Millisecond
			}))
			continue
		}
		s.Request(5, func(r *accesslog.Record, _ *accesslog.Attempt) { r.HeldBack = "10.0.0.6" })
	}
	r := s.Diagnose()
	want := "No request failed, but 3 requests went well at another attempt, and 37 requests were sent past members that the gateway held back."
	if got := r.Headline(); r.Failures > 0 || !strings.HasPrefix(got, want) {
		t.Errorf("%d failures, verdict %+v: %s", r.Failures, r.Verdict, got)
	}
}

// What was steered away from a member that is held back counts as recovered, once.
func TestHeldBack(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	held := func(r *accesslog.Record, _ *accesslog.Attempt) { r.HeldBack = "10.0.0.4" }
	for i := range 20 {
		s.After(100 * time.Millisecond)
		if i < 3 {
			s.Request(5, story.Recovered(story.RaceFault, func(_ *accesslog.Record, a *accesslog.Attempt) {
				a.Member, a.Server, a.Ejected = "10.0.0.4", story.ServerOf(4), i == 2
			}))
			continue
		}
		s.Request(5, held)
	}
	s.Request(5, held, story.Status(500))
	s.Request(5, held, story.Fails(story.TimeoutFault, 2*time.Second))
	s.Request(5, held, story.Recovered(story.RaceFault, func(_ *accesslog.Record, a *accesslog.Attempt) {
		a.Member, a.Server = "10.0.0.6",
			story.ServerOf(6)
	}))
	r := s.Diagnose()
	if r.Recovered != 3+17+1 || r.Steered != 17 {
		t.Errorf("recovered %d, steered %d", r.Recovered, r.Steered)
	}
	want := "members were held back 1 time after connections to them had failed several times in a row (10.0.0.4 1 time); 20 requests passed them over meanwhile, of which 17 went well at another member at once"
	if fact := story.FactOf(r, "a-passive-ejection"); !strings.HasPrefix(fact, want) {
		t.Errorf("got %q", fact)
	}
	story.EveryForm(t, r, "members were held back 1 time after connections")
	if r := story.Race(t).Diagnose(); story.FactOf(r, "a-passive-ejection") != "" || r.Steered != 0 {
		t.Error("members were held back of which no record says so")
	}
}

// The report lists sessions that a member reset by member, with what the resets have in common.
func TestResetTunnels(t *testing.T) {
	t.Parallel()
	tunnel := func(by, how string, age time.Duration) story.Change {
		return func(r *accesslog.Record, a *accesslog.Attempt) {
			r.Status, a.Status, r.EndedBy, r.End, r.Taken = 101, 101, by, how, age
		}
	}
	for name, x := range map[string]struct {
		by, how string
		age     func(i int) time.Duration
		want    string
	}{
		"closed by clients":    {accesslog.EndClient, accesslog.EndClean, func(int) time.Duration { return time.Minute }, ""},
		"closed by the member": {accesslog.EndMember, accesslog.EndClean, func(int) time.Duration { return time.Minute }, ""},
		"reset by clients":     {accesslog.EndClient, accesslog.EndReset, func(int) time.Duration { return time.Minute }, ""},
		"reset at one age": {
			accesslog.EndMember, accesslog.EndReset, func(int) time.Duration { return time.Minute },
			"each at an age of about 60 s",
		},
		"reset at one moment": {
			accesslog.EndMember, accesslog.EndReset,
			func(i int) time.Duration { return time.Minute - time.Duration(i)*time.Second }, "all at 2026-11-23T09:01:01",
		},
		"reset whenever it goes": {
			accesslog.EndMember, accesslog.EndReset,
			func(i int) time.Duration { return time.Duration(1+i*i) * time.Second }, "at ages from 1 s to 122 s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			for i := range 12 {
				s.After(time.Second).Request(5, tunnel(accesslog.EndClient, accesslog.EndClean, time.Minute))
				s.Request(4, tunnel(x.by, x.how, x.age(i)))
			}
			r := s.Diagnose()
			fact := story.FactOf(r, "c-tunnel-reset")
			if (fact != "") != (x.want != "") || !strings.Contains(fact, x.want) ||
				fact != "" && !strings.HasPrefix(fact, "10.0.0.4 reset 12 of 12 WebSockets") {
				t.Errorf("%s: %q", name, fact)
			}
			if r.Failures > 0 {
				t.Errorf("%s: %d failures", name, r.Failures)
			}
		})
	}
}

// A protection that the document asks for and that was not given is in every form of a report on Causeway, and in none on Azure.
func TestUnservedProtections(t *testing.T) {
	t.Parallel()
	doc := strings.Replace(story.Document, `"sku":{"name":"Standard_v2","tier":"Standard_v2","capacity":1}`,
		`"sku":{"name":"WAF_v2","tier":"WAF_v2","capacity":1},"webApplicationFirewallConfiguration":{"enabled":true,"firewallMode":"Prevention","ruleSetType":"OWASP","ruleSetVersion":"3.2"}`, 1)
	for azure, want := range map[bool]bool{false: true, true: false} {
		t.Run(fmt.Sprintf("azure %t", azure), func(t *testing.T) {
			t.Parallel()
			s := story.New(t)
			s.Doc, s.Azure = doc, azure
			for range 10 {
				s.After(time.Second).Request(4)
			}
			r := s.Diagnose()
			fact := story.FactOf(r, "i-unserved-protection")
			if (fact != "") != want {
				t.Fatalf("azure %v: %q", azure, fact)
			}
			if want {
				story.EveryForm(t, r, "this gateway was served without a protection that its document asks for: waf (")
			}
		})
	}
	s := story.New(t)
	s.Request(4)
	if fact := story.FactOf(s.Diagnose(), "i-unserved-protection"); fact != "" {
		t.Errorf("of a document that asks for none: %q", fact)
	}
}
