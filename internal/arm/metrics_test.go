package arm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"causeway/internal/history"
)

// past is a history by hand: of each metric, samples a minute apart.
type past struct {
	broken error // what every question returns
	begin  time.Time
	series map[string][]history.Series
}

func (p *past) add(name string, labels map[string]string, values ...float64) {
	if p.series == nil {
		p.series = map[string][]history.Series{}
	}
	s := history.Series{Labels: labels}
	for i, v := range values {
		s.Times, s.Values = append(s.Times, p.begin.Add(time.Duration(i)*time.Minute)), append(s.Values, v)
	}
	p.series["causeway_"+name] = append(p.series["causeway_"+name], s)
}

func (p *past) Read(_ context.Context, name string, from, to time.Time) (out []history.Series, err error) {
	if p.broken != nil {
		return nil, p.broken
	}
	for _, s := range p.series[name] {
		kept := history.Series{Labels: s.Labels}
		for i, at := range s.Times {
			if !at.Before(from) && !at.After(to) {
				kept.Times, kept.Values = append(kept.Times, at), append(kept.Values, s.Values[i])
			}
		}
		out = append(out, kept)
	}
	return out, nil
}

func newPast(w *world) {
	w.history.begin = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	web := func(instance, status string) map[string]string {
		return map[string]string{"instance_id": instance, "listener": "l", "pool": "web", "settings": "http", "status": status}
	}
	w.history.add("requests_total", web("appgw_0", "200"), 0, 10, 10, 40)
	w.history.add("requests_total", web("appgw_1", "200"), 0, 5, 5, 5)
	w.history.add("requests_total", web("appgw_1", "502"), 0, 0, 2, 2)
	w.history.add("client_connections", map[string]string{"instance_id": "appgw_0"}, 1, 2, 3, 4)
	w.history.add("client_connections", map[string]string{"instance_id": "appgw_1"}, 1, 1, 1, 1)
	w.history.add("healthy_hosts", map[string]string{"instance_id": "appgw_0", "pool": "web", "settings": "http"}, 2, 2, 2, 2)
	w.history.add("healthy_hosts", map[string]string{"instance_id": "appgw_1", "pool": "web", "settings": "http"}, 2, 2, 1, 1)
	w.history.add("request_duration_seconds_sum", map[string]string{"listener": "l"}, 0, 2, 2, 8)
	w.history.add("request_duration_seconds_count", map[string]string{"listener": "l"}, 0, 4, 4, 6)
}

func (w *world) metrics(query url.Values) answer {
	w.t.Helper()
	if query.Get("timespan") == "" {
		query.Set("timespan", "2026-11-30T09:00:00Z/2026-11-30T09:03:00Z")
	}
	return w.do("GET", gatewayURL+"/providers/microsoft.insights/metrics?"+query.Encode(), "")
}

func TestMetrics(t *testing.T) {
	w := newWorld(t)
	w.created()
	newPast(w)
	f := func(query url.Values, series int, want map[string]any) {
		t.Helper()
		a := w.metrics(query)
		if a.status != http.StatusOK {
			t.Fatalf("%v: %d %s", query, a.status, a.text)
		}
		if got := a.at(t, "value", "0", "timeseries").([]any); len(got) != series {
			t.Errorf("%v: %d series, want %d: %s", query, len(got), series, a.text)
		}
		for path, v := range want {
			series, point, aggregation := path[:1], path[2:3], path[4:]
			if got := a.at(t, "value", "0", "timeseries", series, "data", point, aggregation); got != v {
				t.Errorf("%v: %s is %v, want %v", query, path, got, v)
			}
		}
	}
	f(url.Values{"metricnames": {"TotalRequests"}}, 1, map[string]any{"0 0 total": 15.0, "0 1 total": 2.0, "0 2 total": 30.0, "0 0 average": nil})
	f(url.Values{"metricnames": {"FailedRequests"}}, 1, map[string]any{"0 0 total": nil, "0 1 total": 2.0})
	f(url.Values{"metricnames": {"ResponseStatus"}, "$filter": {"HttpStatusGroup eq '*'"}}, 2, map[string]any{"0 0 total": 15.0, "1 1 total": 2.0})
	f(url.Values{"metricnames": {"ResponseStatus"}, "$filter": {"HttpStatusGroup eq '5xx'"}}, 1, map[string]any{"0 1 total": 2.0})
	f(url.Values{"metricnames": {"TotalRequests"}, "interval": {"PT5M"}}, 1, map[string]any{"0 0 total": 47.0})
	f(url.Values{"metricnames": {"CurrentConnections"}, "aggregation": {"average,maximum"}, "timespan": {"2026-11-30T08:59:00Z/2026-11-30T09:03:00Z"}}, 1,
		map[string]any{"0 0 average": 2.0, "0 3 maximum": 5.0})
	f(url.Values{"metricnames": {"HealthyHostCount"}, "$filter": {"BackendSettingsPool eq 'web~http'"}}, 1, map[string]any{"0 1 average": 1.5})
	f(url.Values{"metricnames": {"ApplicationGatewayTotalTime"}}, 1, map[string]any{"0 0 average": 500.0, "0 1 average": nil, "0 2 average": 3000.0})
	f(url.Values{"metricnames": {"totalrequests"}, "timespan": {url.QueryEscape("2026-11-30T09:00:00Z/2026-11-30T09:03:00Z")}}, 1,
		map[string]any{"0 0 total": 15.0}) // az escapes it twice
	f(url.Values{"metricnames": {"ResponseStatus"}, "$filter": {"HttpStatusGroup eq '*'"}, "rollupby": {"httpstatusgroup"}}, 1,
		map[string]any{"0 0 total": 15.0, "0 1 total": 2.0})
	f(url.Values{"metricnames": {"ResponseStatus"}, "$filter": {"HttpStatusGroup eq '*'"}, "orderby": {"sum asc"}, "top": {"1"}}, 1,
		map[string]any{"0 1 total": 2.0})
	f(url.Values{"metricnames": {"ResponseStatus"}, "$filter": {"HttpStatusGroup eq '*'"}, "orderby": {"Maximum desc"}}, 2,
		map[string]any{"0 0 total": 15.0})
	f(url.Values{"metricnames": {"ResponseStatus"}, "$filter": {"HttpStatusGroup eq '*'"}, "resultType": {"metadata"}}, 2,
		map[string]any{"0 0 total": nil})
	f(url.Values{"metricnames": {"ClientRtt,TotalRequests"}}, 0, nil)
	a := w.metrics(url.Values{"metricnames": {"ResponseStatus"}, "$filter": {"HttpStatusGroup eq '*'"}})
	if got := a.at(t, "value", "0", "timeseries", "0", "metadatavalues", "0", "name", "value"); got != "httpstatusgroup" {
		t.Errorf("the name of a dimension is %v", got)
	}
	if a := w.do("GET", gatewayURL+"/providers/microsoft.insights/metricDefinitions", ""); len(a.at(t, "value").([]any)) != len(metrics()) {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestMetricQueriesThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.created()
	for _, query := range []url.Values{
		{"metricnames": {"CpuTemperature"}},
		{"metricnames": {"TotalRequests"}, "interval": {"PT7M"}},
		{"metricnames": {"TotalRequests"}, "aggregation": {"median"}},
		{"metricnames": {"TotalRequests"}, "timespan": {"yesterday"}},
		{"metricnames": {"TotalRequests"}, "timespan": {"2026-11-30T09:00:00Z/2026-11-30T08:00:00Z"}},
		{"metricnames": {"TotalRequests"}, "timespan": {"2025-11-30T09:00:00Z/2026-11-30T08:00:00Z"}},
		{"metricnames": {"TotalRequests"}, "$filter": {"Listener eq '*'"}},
		{"metricnames": {"TotalRequests"}, "$filter": {"BackendSettingsPool gt 'x'"}},
		{"metricnames": {"ResponseStatus"}, "$filter": {"HttpStatusGroup eq '2xx' and HttpStatusGroup eq '5xx'"}},
		{"metricnames": {"TotalRequests"}, "top": {"none"}},
		{"metricnames": {"TotalRequests"}, "orderby": {"median desc"}},
		{"metricnames": {"TotalRequests"}, "orderby": {"sum up"}},
		{"metricnames": {"TotalRequests"}, "rollupby": {"BackendSettingsPool"}},
		{"metricnames": {"TotalRequests"}, "metricnamespace": {"Microsoft.Compute/virtualMachines"}},
		{"metricnames": {"TotalRequests"}, "top": {"1000000"}},
	} {
		if a := w.metrics(query); a.status != http.StatusBadRequest || a.code() != "BadRequest" {
			t.Errorf("%v: %d %s", query, a.status, a.text)
		}
	}
}

// The answer is made in memory: a query cannot ask for more than fits.
func TestAnAnswerOfMetricsIsBounded(t *testing.T) {
	w := newWorld(t)
	w.created()
	newPast(w)
	month := "2026-11-02T00:00:00Z/2026-12-01T00:00:00Z"
	twice := w.metrics(url.Values{"metricnames": {"TotalRequests, totalrequests,Total Requests"}, "aggregation": {"Total,total"}})
	if values, _ := twice.at(t, "value").([]any); twice.status != http.StatusOK || len(values) != 1 {
		t.Errorf("a metric named thrice: %d %s", twice.status, twice.text)
	}
	all := url.Values{"timespan": {month}, "metricnames": {"TotalRequests,CurrentConnections,HealthyHostCount"}}
	a := w.metrics(all)
	if a.status != http.StatusBadRequest || a.code() != "ResponseTooLarge" || !strings.Contains(a.text, "longer interval") {
		t.Errorf("every minute of a month, three times: %d %.200s", a.status, a.text)
	}
	all.Set("interval", "PT5M")
	if a := w.metrics(all); a.status != http.StatusOK {
		t.Errorf("every five minutes of a month: %d %.200s", a.status, a.text)
	}
}

func TestMetricsStopWithTheirRequest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	now := time.Now()
	m := metricQuery{from: now.Add(-time.Hour), to: now, interval: time.Minute}
	if _, err := m.series(ctx, metric{}, []cell{{at: now}}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// What keeps the metrics from being read says so, and does not accuse the store.
func TestMetricsThatCannotBeRead(t *testing.T) {
	w := newWorld(t)
	w.created()
	for _, x := range []struct {
		why    error
		status int
		code   string
	}{
		{ErrNoHistory, http.StatusServiceUnavailable, "MetricsUnavailable"},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), http.StatusGatewayTimeout, "GatewayTimeout"},
	} {
		w.history.broken = x.why
		a := w.metrics(url.Values{"metricnames": {"TotalRequests"}})
		if a.status != x.status || a.code() != x.code || strings.Contains(a.text, "quorum") {
			t.Errorf("%v: %d %s", x.why, a.status, a.text)
		}
	}
}
