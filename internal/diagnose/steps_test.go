package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/story"
	"causeway/internal/report"
)

// The trace of a first-generation document tells of the gateway as that of a second does.
func TestGatewayStepOfTheFirstGeneration(t *testing.T) {
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
