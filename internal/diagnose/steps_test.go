package diagnose

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
)

// The trace of a first-generation document tells of the gateway as that of a second does.
func TestGatewayStepOfTheFirstGeneration(t *testing.T) {
	s := newStory(t)
	for range 30 {
		s.after(time.Second).request(4, func(r *accesslog.Record, _ *accesslog.Attempt) {
			r.V1, r.Instance = true, "ApplicationGatewayRole_IN_0"
		})
	}
	if step := stepOf(s.diagnose(), "gateway-performance"); step.Result != pass {
		t.Errorf("%+v", step)
	}
}

// A step does not pass against its own figure: an answer that came later than the document lets it says that this is of another time.
func TestTimeoutStepOfAnotherTime(t *testing.T) {
	s := newAzureStory(t)
	for i := range 30 {
		s.after(10*time.Second).request(4, took(time.Duration(i%4)*time.Second))
	}
	if step := stepOf(s.diagnose(), "request-timeout"); step.Result != unknown {
		t.Errorf("%+v", step)
	}
}

// A gateway that started within the window has not probed before: that makes nobody unhealthy.
func TestHealthFromTheStartOfTheGateway(t *testing.T) {
	s := newStory(t)
	for range 20 {
		s.after(time.Second).request(4)
	}
	s.server("10.0.0.4", "Up", "", "", s.at.Add(-5*time.Second).Format(time.RFC3339Nano)+" Up")
	for _, step := range s.diagnose().Steps {
		if step.Step == "backend-health" && (step.Result != pass || !strings.Contains(step.Detail, "were so since")) {
			t.Errorf("%+v", step)
		}
	}
}
