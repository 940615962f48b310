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

// A report of health that is much older than the failures, or newer and without a history, is not what was seen then; one
// whose history tells of that time is.
func TestHealthOfAnotherTime(t *testing.T) {
	begin := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		name    string
		history []string
		probed  time.Time
		want    string
		said    string
	}{
		{"older", []string{"2026-11-23T03:00:00Z Down tcp_connect ECONNREFUSED"}, begin.Add(-5 * time.Hour), "b-refused medium 50", "of 2026-11-23T04:00:00.000Z, 5 h before the first record"},
		{"of just before", []string{"2026-11-23T03:00:00Z Down tcp_connect ECONNREFUSED"}, begin.Add(-time.Minute), "b-refused high 50", ""},
		{"newer, with history", []string{"2026-11-23T03:00:00Z Down tcp_connect ECONNREFUSED"}, begin.Add(5 * time.Hour), "b-refused high 50", ""},
		{"newer, without", nil, begin.Add(5 * time.Hour), "a-all-unhealthy-fail-closed medium 50", "of 2026-11-23T14:00:00.000Z, 5 h after the last record"},
		{"without a time", []string{"2026-11-23T03:00:00Z Down tcp_connect ECONNREFUSED"}, time.Time{}, "b-refused high 50", ""},
	} {
		s := newStory(t)
		s.outOfService(5 * time.Second)
		for _, m := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
			s.server(m, "Down", "tcp_connect", "Cannot connect to server. Connection refused", x.history...)
		}
		if !x.probed.IsZero() {
			s.probed(x.probed)
		}
		t.Run(x.name, func(t *testing.T) {
			r := s.diagnose()
			expect(t, r, x.want)
			assumed, step := strings.Join(r.Assumptions, "\n"), r.Steps[0].Detail
			if x.said == "" && strings.Contains(assumed+step, "of 2026-11-23T") || !strings.Contains(assumed, x.said) {
				t.Errorf("assumptions %q, step %q", assumed, step)
			}
			if x.said != "" && (!strings.Contains(fmt.Sprint(r.Findings[0].Evidence), "these failures: it is taken as the state then") || !strings.Contains(step, "this report is of ")) {
				t.Errorf("evidence %v, step %q", r.Findings[0].Evidence, step)
			}
		})
	}
}

// Members that were healthy in an old report were not seen to be so in this window.
func TestHealthyLongBefore(t *testing.T) {
	s := newStory(t)
	s.traffic(5*time.Second, []int{4, 5, 6})
	s.server("10.0.0.4", "Up", "", "", "2026-11-20T08:00:00Z Up")
	s.probed(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC))
	if step := s.diagnose().Steps[0]; step.Result != "pass" || !strings.Contains(step.Detail, "of 2026-11-20T09:00:00.000Z, 3 days before the records; how they were") {
		t.Errorf("%+v", step)
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
