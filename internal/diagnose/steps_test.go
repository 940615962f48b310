package diagnose_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// The trace of a first-generation document tells of the gateway as that of a second does.
func TestGatewayStepOfTheFirstGeneration(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 30 {
		s.After(time.Second).Request(4, func(r *accesslog.Record, _ *accesslog.Attempt) {
			r.V1, r.Instance = true, "ApplicationGatewayRole_IN_0"
		})
	}
	if step := story.StepOf(s.Diagnose(), "gateway-performance"); step.Result != report.Pass {
		t.Errorf("%+v", step)
	}
}

// A step does not pass against its own figure: an answer that came later than the document lets it says that this is of another time.
func TestTimeoutStepOfAnotherTime(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for i := range 30 {
		s.After(10*time.Second).Request(4, story.Took(time.Duration(i%4)*time.Second))
	}
	if step := story.StepOf(s.Diagnose(), "request-timeout"); step.Result != report.NotKnown {
		t.Errorf("%+v", step)
	}
}

// A gateway that started within the window has not probed before: that makes nobody unhealthy.
func TestHealthFromTheStartOfTheGateway(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for range 20 {
		s.After(time.Second).Request(4)
	}
	s.Server("10.0.0.4", "Up", "", "", s.At.Add(-5*time.Second).Format(time.RFC3339Nano)+" Up")
	for _, step := range s.Diagnose().Steps {
		if step.Step == "backend-health" && (step.Result != report.Pass || !strings.Contains(step.Detail, "were so since")) {
			t.Errorf("%+v", step)
		}
	}
}

// The members are healthy now and were not then: whatever the reason was, this report does not have it.
func TestHealthyNowIsNotHealthyThen(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for range 20 {
		s.After(time.Second).Request(4)
	}
	for range 10 {
		s.After(time.Second).Request(0, func(r *accesslog.Record, _ *accesslog.Attempt) {
			r.Status, r.ErrorInfo = 502,
				fault.UpstreamNoLive
		})
	}
	for range 20 {
		s.After(10 * time.Second).Request(4)
	}
	s.Files = map[string]string{"health.json": `{"backendAddressPools":[{"backendAddressPool":{"id":"/x/backendAddressPools/web"},"backendHttpSettingsCollection":[{"backendHttpSettings":{"id":"/x/backendHttpSettingsCollection/http"},"servers":[
	 {"address":"10.0.0.4","health":"Healthy","healthProbeLog":"Success. Received 200 status code"},{"address":"10.0.0.5","health":"Unhealthy","healthProbeLog":"Received invalid status code: 503 in the backend server's HTTP response. As per the health probe configuration, 200-399 is the acceptable status code. Status code of the backend's HTTP response did not match the probe setting. Expected:200-399, Received:503."}]}]}]}`}
	r := s.Diagnose()
	for _, f := range r.Findings {
		if f.Confidence == report.High {
			t.Errorf("%s is named with high confidence", f.Cause)
		}
	}
}

// Members that were healthy in an old report were not seen to be so in this window.
func TestHealthyLongBefore(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	s.Traffic(5*time.Second, []int{4, 5, 6})
	s.Server("10.0.0.4", "Up", "", "", "2026-11-20T08:00:00Z Up")
	s.Probed(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC))
	if step := s.Diagnose().Steps[0]; step.Result != "pass" ||
		!strings.Contains(step.Detail, "of 2026-11-20T09:00:00.000Z, 3 days before the records; how they were") {
		t.Errorf("%+v", step)
	}
}

// Metrics tell how many members were unhealthy, also where nothing else is known, and when the report of health is too late.
func TestUnhealthyByMetrics(t *testing.T) {
	t.Parallel()
	const metrics = `{"namespace":"Microsoft.Network/applicationGateways","interval":"PT1M","value":[{"name":{"value":"UnhealthyHostCount"},"unit":"Count","timeseries":[{"metadatavalues":[{"name":{"value":"backendsettingspool"},"value":"web~http"}],"data":[{"timeStamp":"2026-11-23T09:00:00Z","average":0},{"timeStamp":"2026-11-23T09:01:00Z","average":1.5},{"timeStamp":"2026-11-23T09:02:00Z","average":3}]}]}]}`
	for _, health := range []bool{false, true} {
		t.Run(fmt.Sprintf("health %t", health), func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for range 200 {
				s.After(time.Second).Request(4)
			}
			if health {
				s.Server("10.0.0.4", "Healthy", "", "Success. Received 200 status code")
			}
			s.Files = map[string]string{"metrics.json": metrics}
			step := s.Diagnose().Steps[0]
			if step.Result != "fail" ||
				!strings.Contains(step.Detail, "up to 3 unhealthy members in web~http between 2026-11-23T09:01:00.000Z") {
				t.Errorf("%+v", step)
			}
		})
	}
}
