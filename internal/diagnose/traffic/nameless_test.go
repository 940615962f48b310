package traffic_test

import (
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Backend health has every member down: then a log that names none agrees with it.
func TestLogWithoutMembersBesideHealth(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	for _, a := range []string{"10.0.0.4", "10.0.0.5", "10.0.0.6"} {
		s.Server(a, "Down", "status_mismatch", "Expected:200-399 Received:404")
	}
	for range 20 {
		s.After(time.Second).Request(0, story.BadGateway)
	}
	if r := s.Diagnose(); len(r.Findings) != 1 || story.Found(t, r, 0).Cause != "a-probe-status-mismatch" {
		t.Errorf("%+v", r.Findings)
	}
}
