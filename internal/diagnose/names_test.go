package diagnose

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// nameless makes a record as the first generation writes it: without pool, settings, rule and listener.
func nameless(r *accesslog.Record, _ *accesslog.Attempt) {
	r.Pool, r.Settings, r.Rule, r.Listener = "", "", "", ""
}

// withoutWord takes the gateway's own word for what happened away, which the first generation does not log.
func withoutWord(r *accesslog.Record, _ *accesslog.Attempt) { r.ErrorInfo = "" }

// The log has no names; the document has one pool that rules lead to, and it is empty.
func TestEmptyPoolWithoutNames(t *testing.T) {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `{"ipAddress":"10.0.0.4"},{"ipAddress":"10.0.0.5"},{"ipAddress":"10.0.0.6"}`, "", 1)
	for range 20 {
		s.after(time.Second).request(0, nameless, fails(noHealthy, time.Millisecond))
	}
	expect(t, s.diagnose(), "i-empty-pool high 20")
}

// What the probes met is known by pool and settings, which the log does not name.
func TestNobodyHealthyWithoutNames(t *testing.T) {
	s := newAzureStory(t)
	for _, a := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		s.server(a, "Down", "status_mismatch", "Expected:200-399 Received:404")
	}
	for range 20 {
		s.after(time.Second).request(0, nameless, fails(noHealthy, time.Millisecond))
	}
	r := s.diagnose()
	if len(r.Findings) != 1 || r.Findings[0].Scope.Pool != "web" || len(r.Findings[0].Evidence) < 2 {
		t.Errorf("%+v", r.Findings)
	}
	if !strings.Contains(strings.Join(r.Assumptions, "\n"), "20 records name no pool") {
		t.Errorf("assumptions %q", r.Assumptions)
	}
}

// Two pools may be meant, one of them empty: nothing is taken for granted.
func TestNamesAreNotGuessed(t *testing.T) {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"requestRoutingRules":[`, `"requestRoutingRules":[{"name":"r2","properties":{"ruleType":"Basic","priority":90,"httpListener":{"id":"/x/httpListeners/l80"},`+
		`"backendAddressPool":{"id":"/x/backendAddressPools/none"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"}}},`, 1)
	for range 20 {
		s.after(time.Second).request(0, nameless, fails(noHealthy, time.Millisecond))
	}
	r := s.diagnose()
	if len(r.Findings) != 1 || r.Findings[0].Cause != "a-all-unhealthy-fail-closed" || r.Findings[0].Confidence == High || r.Findings[0].Scope.Pool != "" {
		t.Fatalf("%+v", r.Findings)
	}
	for _, x := range r.Findings[0].RuledOut {
		t.Errorf("ruled out %s: %s", x.Cause, x.Because)
	}
}

// Members tell the pool where only one lists them.
func TestNamesByMember(t *testing.T) {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":20`, 1)
	for i := range 400 {
		s.after(time.Second).request(4+i%3, nameless)
		if i%20 == 0 {
			s.request(4, nameless, path("/x"), fails(timeoutFault, 20*time.Second))
		}
	}
	for _, a := range s.diagnose().Assumptions {
		if strings.Contains(a, "there is no gateway document") {
			t.Error(a)
		}
	}
}

// The shares of the parts of a verdict are added up before they are rounded.
func TestShareOfTheVerdict(t *testing.T) {
	r := &Report{Failures: 102, Findings: []Finding{
		{Cause: "c-idle-race", Failures: 37, Share: 0.3627, Confidence: Medium},
		{Cause: "c-idle-race", Failures: 36, Share: 0.3529, Confidence: Medium},
		{Cause: "c-idle-race", Failures: 29, Share: 0.2843, Confidence: Medium},
	}}
	if v := verdict(r); v == nil || v.Share != 1 {
		t.Errorf("%+v", v)
	}
}
