package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
)

// withoutWord takes the gateway's own word for what happened away, which the first generation does not log.
func withoutWord(r *accesslog.Record, _ *accesslog.Attempt) { r.ErrorInfo = "" }

// Two settings with 2 s and 180 s, and a log that names none: what ends at 25 s ended at no timer of theirs.
func TestBetweenTwoTimers(t *testing.T) {
	s := story.NewAzure(t)
	s.Doc = strings.Replace(story.StoryDocument, `"backendHttpSettingsCollection":[`, `"backendHttpSettingsCollection":[{"name":"long","properties":{"port":80,"protocol":"Http","requestTimeout":180}},`, 1)
	s.Doc = strings.Replace(s.Doc, `"requestRoutingRules":[`, `"requestRoutingRules":[{"name":"r2","properties":{"ruleType":"Basic","priority":90,"httpListener":{"id":"/x/httpListeners/l80"},`+
		`"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/long"}}},`, 1)
	for i := range 300 {
		s.After(2*time.Second).Request(4+i%3, story.Nameless)
		if i%10 == 0 {
			s.Request(4+i%3, story.Nameless, story.Fails(story.ClosedFault, 25*time.Second), withoutWord)
		}
	}
	if r := s.Diagnose(); len(r.Findings) != 0 || r.Undetermined.Failures != 30 {
		t.Errorf("%+v", r.Findings)
	}
}

// Members that were healthy in an old report were not seen to be so in this window.
func TestHealthyLongBefore(t *testing.T) {
	s := story.New(t)
	s.Traffic(5*time.Second, []int{4, 5, 6})
	s.Server("10.0.0.4", "Up", "", "", "2026-11-20T08:00:00Z Up")
	s.Probed(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC))
	if step := s.Diagnose().Steps[0]; step.Result != "pass" || !strings.Contains(step.Detail, "of 2026-11-20T09:00:00.000Z, 3 days before the records; how they were") {
		t.Errorf("%+v", step)
	}
}

// Metrics tell how many members were unhealthy, also where nothing else is known, and when the report of health is too late.
func TestUnhealthyByMetrics(t *testing.T) {
	const metrics = `{"namespace":"Microsoft.Network/applicationGateways","interval":"PT1M","value":[{"name":{"value":"UnhealthyHostCount"},"unit":"Count","timeseries":[{"metadatavalues":[{"name":{"value":"backendsettingspool"},"value":"web~http"}],"data":[{"timeStamp":"2026-11-23T09:00:00Z","average":0},{"timeStamp":"2026-11-23T09:01:00Z","average":1.5},{"timeStamp":"2026-11-23T09:02:00Z","average":3}]}]}]}`
	for _, health := range []bool{false, true} {
		s := story.NewAzure(t)
		for range 200 {
			s.After(time.Second).Request(4)
		}
		if health {
			s.Server("10.0.0.4", "Healthy", "", "Success. Received 200 status code")
		}
		s.Files = map[string]string{"metrics.json": metrics}
		step := s.Diagnose().Steps[0]
		if step.Result != "fail" || !strings.Contains(step.Detail, "up to 3 unhealthy members in web~http between 2026-11-23T09:01:00.000Z") {
			t.Errorf("%+v", step)
		}
	}
}
