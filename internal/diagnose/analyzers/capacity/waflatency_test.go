package capacity_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Slow requests fail. If the firewall took most of their time, it is to blame; if it took little, the member is.
func TestWAFLatency(t *testing.T) {
	t.Parallel()
	story.Twins(t, func(s *story.Story, inFirewall bool) {
		inspected := 20 * time.Millisecond
		if inFirewall {
			inspected = 900 * time.Millisecond
		}
		for i := range 40 {
			s.After(time.Second).Request(4)
			if i%4 == 0 {
				s.Request(4, story.Took(time.Second), story.Answers(500))
			}
		}
		s.Counts = &story.Counts{Requests: 50, Failures: 10}
		s.Files = map[string]string{"inspected.json": inspectedLog(s, inspected)}
		s.Records = nil
	}, "h-waf-latency")
}

// inspectedLog is the log of a story with the time that the firewall took, which Causeway itself never has to write.
func inspectedLog(s *story.Story, d time.Duration) string {
	var log []byte
	for i := range s.Records {
		log = append(log, s.Records[i].Append(nil)...)
	}
	took := fmt.Sprintf(`"WAFEvaluationTime":"%.3f"`, d.Seconds())
	return string(bytes.ReplaceAll(log, []byte(`"WAFEvaluationTime":"0.000"`), []byte(took)))
}
