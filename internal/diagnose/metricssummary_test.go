package diagnose_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"causeway/internal/diagnose/story"
)

// Without BackendResponseStatus nothing shows whose the errors are; the report says so, and does not guess.
func TestMetricsWithoutTheBackends(t *testing.T) {
	t.Parallel()
	r := story.DiagnoseMetrics(t, story.MetricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 60, story.During(50, 0)))
	if r.MetricsSummary.ByGateway != -1 || r.MetricsSummary.ByBackend != -1 || !strings.Contains(r.Headline(), "not among the evidence") {
		t.Errorf("%+v", r.MetricsSummary)
	}
}

// Where there is an access log it tells more.
func TestMetricsBesideALog(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	s.Request(4)
	s.Files = map[string]string{"metrics.json": `{"value":[` + story.MetricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 60,
		story.Constant(1)) + `]}`}
	if r := s.Diagnose(); r.MetricsSummary != nil {
		t.Errorf("%+v", r.MetricsSummary)
	}
}

// Metrics in a storage account do not say which status: what failed is counted, and nobody is blamed.
func TestMetricsWithoutParts(t *testing.T) {
	t.Parallel()
	s := story.NewAzure(t)
	row := func(name string, total int) string {
		return fmt.Sprintf(`{"count":1,"total":%d,"minimum":0,"maximum":%d,"average":%d,"resourceId":"/SUBSCRIPTIONS/S","time":"2026-11-23T09:00:00.0000000Z","metricName":%q,"timeGrain":"PT1M"}`+"\n", total, total, total, name)
	}
	s.Files = map[string]string{"PT1M.json": row("ResponseStatus", 1000) + row("FailedRequests", 30) + row("BackendResponseStatus", 980)}
	if m := s.Diagnose().MetricsSummary; m == nil || m.Errors != 30 || m.ByGateway != -1 || m.ByBackend != -1 ||
		!strings.Contains(m.Facts[0], "FailedRequests") {
		t.Errorf("%+v", m)
	}
	s.Files = map[string]string{"PT1M.json": row("ResponseStatus", 1000)}
	if m := s.Diagnose().MetricsSummary; m != nil {
		t.Errorf("no failure is counted: %+v", m)
	}
}

// Metrics may come by five minutes: an outage of two points is one period, as long as it was.
func TestMetricsByFiveMinutes(t *testing.T) {
	t.Parallel()
	five := func(series string) string {
		for i := 11; i > 0; i-- {
			series = strings.Replace(series, fmt.Sprintf("T09:%02d:", i), fmt.Sprintf("T09:%02d:", 5*i), 1)
		}
		return series
	}
	outage := func(n, rest int) func(int) int {
		return func(i int) int {
			if i == 4 || i == 5 {
				return n
			}
			return rest
		}
	}
	r := story.DiagnoseMetrics(t,
		five(story.MetricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 12, outage(1000, 1))),
		five(story.MetricSeries("HealthyHostCount", "backendsettingspool=web~http", "average", 12, outage(0, 3))))
	if m := r.MetricsSummary; len(m.ErrorPeriods) != 1 || m.ErrorPeriods[0].From != "2026-11-23T09:20:00.000Z" ||
		m.ErrorPeriods[0].To != "2026-11-23T09:30:00.000Z" || !strings.Contains(m.ErrorPeriods[0].Text(), "in 10 minutes of it") {
		t.Errorf("%+v", m)
	}
}

// Where there is a log, the gateway's own count of its answers tells whether it is whole: 600 rows of 600 are, 600 of 6000
// are not. Minutes that the log does not cover do not count.
func TestRowsThatALogLacks(t *testing.T) {
	t.Parallel()
	for answers, lacking := range map[int]bool{60: false, 600: true} {
		t.Run(fmt.Sprintf("answers %v", answers), func(t *testing.T) {
			t.Parallel()
			s := story.NewAzure(t)
			for range 10 * 60 {
				s.After(time.Second).Request(4)
			}
			s.Files = map[string]string{"metrics.json": `{"value":[` + story.MetricSeries("ResponseStatus", "httpstatusgroup=2xx",
				"total", 60,
				story.Constant(answers)) + `]}`}
			found := ""
			for _, m := range s.Diagnose().Missing {
				if strings.Contains(m.What, "rows") {
					found = m.Why
				}
			}
			if (found != "") != lacking ||
				lacking && !strings.Contains(found, "counts 5400 answers in the time that the log covers, and the log has 540 (10 %)") {
				t.Errorf("%d answers a minute: %q", answers, found)
			}
		})
	}
}
