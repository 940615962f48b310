package story

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/report"
)

// MetricSeries is one metric by minute from 09:00, as Azure Monitor exports it; dimension is name=value, or empty.
func MetricSeries(name, dimension, aggregation string, minutes int, of func(i int) int) string {
	var points []string
	for i := range minutes {
		points = append(points, fmt.Sprintf(`{"timeStamp":%q,%q:%d}`, time.Date(2026, 11, 23, 9, i, 0, 0, time.UTC).Format(time.RFC3339),
			aggregation, of(i)))
	}
	meta := ""
	if key, value, ok := strings.Cut(dimension, "="); ok {
		meta = fmt.Sprintf(`{"name":{"value":%q},"value":%q}`, key, value)
	}
	return fmt.Sprintf(`{"name":{"value":%q},"unit":"Count","timeseries":[{"metadatavalues":[%s],"data":[%s]}]}`, name, meta,
		strings.Join(points, ","))
}

// DiagnoseMetrics diagnoses the series of MetricSeries alone.
func DiagnoseMetrics(t *testing.T, series ...string) *report.Report {
	t.Helper()
	s := NewAzure(t)
	s.Files = map[string]string{"metrics.json": `{"value":[` + strings.Join(series, ",") + `]}`}
	return s.Diagnose()
}

// Constant is n in every minute.
func Constant(n int) func(int) int { return func(int) int { return n } }

// During is n in the minutes 20 to 29, and otherwise rest.
func During(n, rest int) func(int) int {
	return func(i int) int {
		if i >= 20 && i < 30 {
			return n
		}
		return rest
	}
}
