package telemetry

import (
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// page is what a scrape gets.
func page(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func TestNamesAndValues(t *testing.T) {
	m := New()
	a := m.Target("listener", "pool", "settings")
	if m.Target("listener", "pool", "settings") != a {
		t.Error("a target has two faces")
	}
	a.Request(200, 30*time.Millisecond, 100, 2000)
	a.Request(502, time.Second, 100, -1)
	a.Request(9999, time.Second, 0, 0) // no such status: kept within bounds
	a.Request(799, time.Second, 0, 0)
	a.Attempt(200, false, time.Millisecond, 2*time.Millisecond, 3*time.Millisecond)
	a.Attempt(200, true, -1, 2*time.Millisecond, 3*time.Millisecond)
	a.Attempt(0, true, -1, -1, time.Second)
	m.Fault("backend", "wait", "timeout")
	m.Recovered("backend", "wait", "closed")
	m.Refused(400)
	m.Gauge("things", "Things.", func() float64 { return 7 })
	m.HostCounts(func() []Hosts { return []Hosts{{Pool: "p", Settings: "s", Healthy: 2, Unhealthy: 1}} })
	m.Counter("losses_total", "Losses.", func() float64 { return 5 })
	m.Process("v1.2.3")
	got := page(t, m)
	for _, want := range []string{
		`causeway_requests_total{listener="listener",pool="pool",settings="settings",status="200"} 1`,
		`causeway_requests_total{listener="listener",pool="pool",settings="settings",status="502"} 1`,
		`causeway_requests_total{listener="listener",pool="pool",settings="settings",status="799"} 1`,
		`causeway_request_duration_seconds_count{listener="listener"} 4`,
		`causeway_sent_bytes_total{listener="listener"} 2000`,
		`causeway_backend_responses_total{pool="pool",settings="settings",status="200"} 2`,
		`connection="fresh",pool="pool",settings="settings"} 1`,
		`connection="reused",pool="pool",settings="settings"} 2`,
		`kind="timeout",phase="wait",side="backend"} 1`,
		`causeway_recovered_total{kind="closed",phase="wait",side="backend"} 1`,
		`causeway_refused_total{status="400"} 1`,
		`causeway_things 7`,
		"# TYPE causeway_losses_total counter\ncauseway_losses_total 5",
		`,version="v1.2.3"} 1`,
		`go_goroutines `,
		`causeway_healthy_hosts{pool="p",settings="s"} 2`,
		`causeway_unhealthy_hosts{pool="p",settings="s"} 1`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

// Counting is done by many at once, and allocates nothing once a status has been seen.
func TestCountingIsCheapAndSafe(t *testing.T) {
	m := New()
	a := m.Target("l", "p", "s")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				a.Request(200, time.Millisecond, 1, 1)
			}
		})
	}
	wg.Wait()
	if got := page(t, m); !strings.Contains(got, `status="200"} 8000`) {
		t.Error(got)
	}
	if n := testing.AllocsPerRun(100, func() {
		a.Request(200, time.Millisecond, 1, 1)
		a.Attempt(200, true, -1, time.Millisecond, time.Millisecond)
	}); n > 1 { // the first answer of a status is looked up
		t.Errorf("%v allocations", n)
	}
}

func TestInstanceName(t *testing.T) {
	if a, b := InstanceName("", 0, false), InstanceName("", 3, true); a != "appgw_0" || b != "ApplicationGatewayRole_IN_3" {
		t.Error(a, b)
	}
	if a, b := InstanceName("gw2", 0, false), InstanceName("gw2", 3, true); a != "appgw_gw2_0" || b != "ApplicationGatewayRole_IN_gw2_3" {
		t.Error(a, b)
	}
}
