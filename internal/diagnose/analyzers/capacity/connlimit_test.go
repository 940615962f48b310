package capacity_test

import (
	"testing"

	"causeway/internal/diagnose/story"
)

func TestSessionsBeyondTheLimit(t *testing.T) {
	t.Parallel()
	r := story.DiagnoseSessions(t, story.SessionsLog(100, func(i int) (int, string, string) {
		if i >= 80 {
			return 503, "", "0.001"
		}
		return 200, "10.0.0.4:1433", "10"
	}), 20)
	story.Expect(t, r, "h-conn-limit medium 20")
}

// Capacity allows 25,000 connections and there were 40: then it is another limit.
func TestSessionsBelowTheLimit(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Counts = &story.Counts{Requests: 100, Failures: 10}
	s.Files = map[string]string{
		"sessions.json": story.SessionsLog(100, func(i int) (int, string, string) { return 503 * (i / 90), "", "0.001" }),
		"metrics.json":  `{"value":[{"name":{"value":"CurrentConnections"},"unit":"Count","timeseries":[{"metadatavalues":[],"data":[{"timeStamp":"2026-11-23T09:01:00Z","total":40}]}]}]}`,
	}
	r := s.Diagnose()
	if len(r.Findings) > 0 || r.Undetermined.Failures != 10 || r.Undetermined.Rivals[0] != "h-conn-limit" {
		t.Errorf("findings %+v, %+v", r.Findings, r.Undetermined)
	}
}
