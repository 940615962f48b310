package diagnose

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Stories of metrics alone, as az monitor metrics list gives them.

// series is one metric by minute; dimensions as name=value.
func metricSeries(name, dimension, aggregation string, minutes int, of func(i int) int) string {
	var points []string
	for i := range minutes {
		points = append(points, fmt.Sprintf(`{"timeStamp":%q,%q:%d}`, time.Date(2026, 11, 23, 9, i, 0, 0, time.UTC).Format(time.RFC3339), aggregation, of(i)))
	}
	meta := ""
	if key, value, ok := strings.Cut(dimension, "="); ok {
		meta = fmt.Sprintf(`{"name":{"value":%q},"value":%q}`, key, value)
	}
	return fmt.Sprintf(`{"name":{"value":%q},"unit":"Count","timeseries":[{"metadatavalues":[%s],"data":[%s]}]}`, name, meta, strings.Join(points, ","))
}

func diagnoseMetrics(t *testing.T, series ...string) *Report {
	t.Helper()
	s := newAzureStory(t)
	s.files = map[string]string{"metrics.json": `{"value":[` + strings.Join(series, ",") + `]}`}
	return s.diagnose()
}

func constant(n int) func(int) int { return func(int) int { return n } }

// during is n in the minutes 20 to 29, and otherwise rest.
func during(n, rest int) func(int) int {
	return func(i int) int {
		if i >= 20 && i < 30 {
			return n
		}
		return rest
	}
}

// For ten minutes a pool had no healthy member. The gateway made nearly all errors then; a few a minute are the backend's.
func TestMetricsOfAnOutage(t *testing.T) {
	r := diagnoseMetrics(t,
		metricSeries("ResponseStatus", "httpstatusgroup=2xx", "total", 60, during(0, 1000)),
		metricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 60, during(1002, 2)),
		metricSeries("BackendResponseStatus", "httpstatusgroup=5xx", "total", 60, constant(2)),
		metricSeries("HealthyHostCount", "backendsettingspool=web~http", "average", 60, during(0, 3)),
		metricSeries("CapacityUnits", "", "average", 60, constant(3)))
	m := r.Metered
	if m == nil || m.Errors != 10120 || m.ByBackend != 120 || m.ByGateway != 10000 || len(m.Stretches) != 1 {
		t.Fatalf("%+v", m)
	}
	s := m.Stretches[0]
	if s.From != "2026-11-23T09:20:00.000Z" || s.To != "2026-11-23T09:30:00.000Z" || s.ByGateway != 10000 || len(s.Facts) != 1 || !strings.Contains(s.Facts[0], "web~http had no healthy member in 10 minutes") {
		t.Errorf("%+v", s)
	}
	if s.Rivals[0].Cause != "a-all-unhealthy-fail-closed" || s.Rivals[0].ToSeparate == "" || s.Rivals[len(s.Rivals)-1].Cause != "k-backend-5xx" {
		t.Errorf("rivals %+v", s.Rivals)
	}
	if len(r.Findings) > 0 || r.Verdict != nil || r.Failures != 0 {
		t.Errorf("a metric names the cause of a request: %+v", r.Findings)
	}
	if !strings.Contains(r.headline(), "about 10000 made by the gateway (99 %)") || !strings.Contains(m.Next, "--since 2026-11-23T09:15:00Z --until 2026-11-23T09:35:00Z") {
		t.Errorf("%s\n%s", r.headline(), m.Next)
	}
}

// All errors are answers of members: the gateway made none, and nothing of it is suspected.
func TestMetricsOfABadBackend(t *testing.T) {
	r := diagnoseMetrics(t,
		metricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 60, during(50, 0)),
		metricSeries("BackendResponseStatus", "httpstatusgroup=5xx", "total", 60, during(50, 0)),
		metricSeries("CapacityUnits", "", "average", 60, constant(10)))
	s := r.Metered.Stretches[0]
	if r.Metered.ByGateway != 0 || len(s.Rivals) != 1 || s.Rivals[0].Cause != "k-backend-5xx" {
		t.Errorf("%+v", r.Metered)
	}
}

// Answers took as long as the request timeout of 2 s when the gateway made errors.
func TestMetricsOfSlowAnswers(t *testing.T) {
	r := diagnoseMetrics(t,
		metricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 60, during(50, 0)),
		metricSeries("BackendResponseStatus", "httpstatusgroup=2xx", "total", 60, constant(900)),
		metricSeries("BackendFirstByteResponseTime", "", "maximum", 60, during(2001, 300)),
		metricSeries("BackendConnectTime", "", "average", 60, constant(1)))
	s := r.Metered.Stretches[0]
	if r.Metered.ByGateway != 500 || s.Rivals[0].Cause != "d-timeout-below-latency" || s.Rivals[1].Cause != "d-hung" {
		t.Errorf("%+v", r.Metered)
	}
}

// Without BackendResponseStatus nobody can say whose the errors are; it is said, and not guessed.
func TestMetricsWithoutTheBackends(t *testing.T) {
	r := diagnoseMetrics(t, metricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 60, during(50, 0)))
	if r.Metered.ByGateway != -1 || r.Metered.ByBackend != -1 || !strings.Contains(r.headline(), "not among the evidence") {
		t.Errorf("%+v", r.Metered)
	}
}

// Where there is an access log it tells more.
func TestMetricsBesideALog(t *testing.T) {
	s := newAzureStory(t)
	s.request(4)
	s.files = map[string]string{"metrics.json": `{"value":[` + metricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 60, constant(1)) + `]}`}
	if r := s.diagnose(); r.Metered != nil {
		t.Errorf("%+v", r.Metered)
	}
}

// Metrics in a storage account do not say which status: what failed is counted, and nobody is blamed.
func TestMetricsWithoutParts(t *testing.T) {
	s := newAzureStory(t)
	row := func(name string, total int) string {
		return fmt.Sprintf(`{"count":1,"total":%d,"minimum":0,"maximum":%d,"average":%d,"resourceId":"/SUBSCRIPTIONS/S","time":"2026-11-23T09:00:00.0000000Z","metricName":%q,"timeGrain":"PT1M"}`+"\n", total, total, total, name)
	}
	s.files = map[string]string{"PT1M.json": row("ResponseStatus", 1000) + row("FailedRequests", 30) + row("BackendResponseStatus", 980)}
	if m := s.diagnose().Metered; m == nil || m.Errors != 30 || m.ByGateway != -1 || m.ByBackend != -1 || !strings.Contains(m.Facts[0], "FailedRequests") {
		t.Errorf("%+v", m)
	}
	s.files = map[string]string{"PT1M.json": row("ResponseStatus", 1000)}
	if m := s.diagnose().Metered; m != nil {
		t.Errorf("no failure is counted: %+v", m)
	}
}

// Metrics may be asked for by five minutes: an outage of two such is one stretch, and as long as it was.
func TestMetricsByFiveMinutes(t *testing.T) {
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
	r := diagnoseMetrics(t,
		five(metricSeries("ResponseStatus", "httpstatusgroup=5xx", "total", 12, outage(1000, 1))),
		five(metricSeries("HealthyHostCount", "backendsettingspool=web~http", "average", 12, outage(0, 3))))
	if m := r.Metered; len(m.Stretches) != 1 || m.Stretches[0].From != "2026-11-23T09:20:00.000Z" || m.Stretches[0].To != "2026-11-23T09:30:00.000Z" || !strings.Contains(m.Stretches[0].text(), "in 10 minutes of it") {
		t.Errorf("%+v", m)
	}
}

// Where there is a log, the gateway's own count of its answers tells whether it is whole: 600 rows of 600 are, 600 of 6000
// are not. Minutes that the log does not cover do not count.
func TestRowsThatALogLacks(t *testing.T) {
	for answers, lacking := range map[int]bool{60: false, 600: true} {
		s := newAzureStory(t)
		for range 10 * 60 {
			s.after(time.Second).request(4)
		}
		s.files = map[string]string{"metrics.json": `{"value":[` + metricSeries("ResponseStatus", "httpstatusgroup=2xx", "total", 60, constant(answers)) + `]}`}
		found := ""
		for _, m := range s.diagnose().Missing {
			if strings.Contains(m.What, "rows") {
				found = m.Why
			}
		}
		if (found != "") != lacking || lacking && !strings.Contains(found, "counts 5400 answers in the time that the log covers, and the log has 540 (10 %)") {
			t.Errorf("%d answers a minute: %q", answers, found)
		}
	}
}
