package diagnose

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Documents and reports of health that are of another time than the failures.

// Members of the pool answered after the failures: it was not empty then.
func TestEmptiedAfterwards(t *testing.T) {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `{"ipAddress":"10.0.0.4"},{"ipAddress":"10.0.0.5"},{"ipAddress":"10.0.0.6"}`, "", 1)
	for range 20 {
		s.after(time.Second).request(0, fails(noHealthy, time.Millisecond))
	}
	for range 20 {
		s.after(10 * time.Second).request(4)
	}
	expect(t, s.diagnose(), "a-all-unhealthy-fail-closed medium 20")
}

// One of the members has a wrong root now; all of them were out then.
func TestOneBadMemberIsNotTheOutage(t *testing.T) {
	s := newAzureStory(t)
	for range 20 {
		s.after(time.Second).request(0, fails(noHealthy, time.Millisecond))
	}
	for range 20 {
		s.after(10 * time.Second).request(4)
	}
	s.server("10.0.0.4", "Healthy", "", "Success. Received 200 status code")
	s.server("10.0.0.5", "Unhealthy", "", "The root certificate of the server certificate used by the backend does not match the trusted root certificate added to the application gateway.")
	r := s.diagnose()
	expect(t, r, "a-all-unhealthy-fail-closed medium 20")
	if r.Findings[0].Scope.Member != "" {
		t.Errorf("scope %+v", r.Findings[0].Scope)
	}
}

// Requests end at 20 s and answers come up to it, while the document gives another timeout.
func TestTimeoutOfAnotherTime(t *testing.T) {
	for _, limit := range []string{"10", "60"} {
		s := newAzureStory(t)
		s.doc = strings.Replace(storyDocument, `"requestTimeout":2`, `"requestTimeout":`+limit, 1)
		for i := range 400 {
			s.after(time.Second).request(4+i%3, path("/quick"))
			switch {
			case i%20 == 0:
				s.request(4+i%3, path("/report"), fails(timeoutFault, 20*time.Second+5*time.Millisecond))
			case i%4 == 0:
				s.request(4+i%3, path("/report"), took(time.Duration(11000+i*22)*time.Millisecond))
			}
		}
		r := s.diagnose()
		expect(t, r, "d-slow-route medium 20")
		if !strings.Contains(strings.Join(r.Assumptions, "\n"), "was 20 s: the document, which says "+limit+" s") {
			t.Errorf("assumptions %q", r.Assumptions)
		}
		now := map[string]string{"60": "raised since, from 20 s to 60 s", "10": "the document has 10 s by now"}[limit]
		effect := map[string]string{"60": "with the present 60 s some of them would have been answered", "10": "the present 10 s would have cut 80 answers more"}[limit]
		said := fmt.Sprint(r.Findings[0].Fixes)
		if !strings.Contains(said, now) || !strings.Contains(said, effect) || limit == "60" && strings.Contains(said, "--timeout 30") {
			t.Errorf("document says %s: %s", limit, said)
		}
		if saving := r.WhatIf.Savings[0]; saving.From != "20 s" || saving.To != limit+" s" || !strings.Contains(saving.Note, "the document's value by now") {
			t.Errorf("%+v", saving)
		}
	}
}

// Two settings with 2 s and 180 s, and a log that names none: what ends at 25 s ended at no timer of theirs.
func TestBetweenTwoTimers(t *testing.T) {
	s := newAzureStory(t)
	s.doc = strings.Replace(storyDocument, `"backendHttpSettingsCollection":[`, `"backendHttpSettingsCollection":[{"name":"long","properties":{"port":80,"protocol":"Http","requestTimeout":180}},`, 1)
	s.doc = strings.Replace(s.doc, `"requestRoutingRules":[`, `"requestRoutingRules":[{"name":"r2","properties":{"ruleType":"Basic","priority":90,"httpListener":{"id":"/x/httpListeners/l80"},`+
		`"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/long"}}},`, 1)
	for i := range 300 {
		s.after(2*time.Second).request(4+i%3, nameless)
		if i%10 == 0 {
			s.request(4+i%3, nameless, fails(closedFault, 25*time.Second), withoutWord)
		}
	}
	if r := s.diagnose(); len(r.Findings) != 0 || r.Undetermined.Failures != 30 {
		t.Errorf("%+v", r.Findings)
	}
}

// Metrics tell how many members were unhealthy, also where nothing else is known, and when the report of health is too late.
func TestUnhealthyByMetrics(t *testing.T) {
	const metrics = `{"namespace":"Microsoft.Network/applicationGateways","interval":"PT1M","value":[{"name":{"value":"UnhealthyHostCount"},"unit":"Count","timeseries":[{"metadatavalues":[{"name":{"value":"backendsettingspool"},"value":"web~http"}],"data":[{"timeStamp":"2026-11-23T09:00:00Z","average":0},{"timeStamp":"2026-11-23T09:01:00Z","average":1.5},{"timeStamp":"2026-11-23T09:02:00Z","average":3}]}]}]}`
	for _, health := range []bool{false, true} {
		s := newAzureStory(t)
		for range 200 {
			s.after(time.Second).request(4)
		}
		if health {
			s.server("10.0.0.4", "Healthy", "", "Success. Received 200 status code")
		}
		s.files = map[string]string{"metrics.json": metrics}
		step := s.diagnose().Steps[0]
		if step.Result != "fail" || !strings.Contains(step.Detail, "up to 3 unhealthy members in web~http between 2026-11-23T09:01:00.000Z") {
			t.Errorf("%+v", step)
		}
	}
}
