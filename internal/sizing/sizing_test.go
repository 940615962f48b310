package sizing_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
	"causeway/internal/evidence"
	"causeway/internal/sizing"
)

// Metrics alone do not say how many instances there are: that the load is above what one can bear is no finding.
func TestCapacityByMetricsAlone(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	dir := t.TempDir()
	s.Write(dir, "metrics.json", []byte(`{"interval":"PT1M","namespace":"Microsoft.Network/applicationGateways","value":[{"id":"`+
		story.GatewayID+
		`/providers/Microsoft.Insights/metrics/CapacityUnits","name":{"value":"CapacityUnits"},"unit":"Count","timeseries":[{"data":[{"timeStamp":"2026-11-23T09:00:00Z","average":25},{"timeStamp":"2026-11-23T10:00:00Z","average":20}]}]}]}`))
	b, err := evidence.Open([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c, err := sizing.FromEvidence(b)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Text(&out, 80); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"cannot tell how much is left", "number of instances not known; 1 hour of evidence"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nlacks %q", text, want)
		}
	}
	if strings.Contains(text, "write into the log") || strings.Contains(text, "too small") {
		t.Error(text)
	}
}

// The gateway may have two instances and needs them wholly; then requests fail. With one pool it may be that as well.
func TestCapacityAtMaximum(t *testing.T) {
	t.Parallel()
	s := story.FullGateway(t, 10*time.Millisecond)
	story.Expect(t, s.Diagnose(), "h-capacity-max medium 40")
}

// A log of a few seconds has the rate of these seconds, and not that of a minute which they are a part of.
func TestRateOfAShortLog(t *testing.T) {
	t.Parallel()
	s := story.New(t)
	for i := range 200 {
		s.At = story.Begin.Add(time.Duration(i) * 50 * time.Millisecond) // 20 a second for ten seconds
		s.Request(4)
	}
	b := s.Bundle()
	defer b.Close()
	c, err := sizing.FromEvidence(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range c.Loads {
		if l.Measure == "requests" && (l.Peak < 19 || l.Peak > 21) {
			t.Errorf("%+v", l)
		}
	}
}
