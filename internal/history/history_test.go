package history

import (
	"path/filepath"
	"testing"
	"time"

	"causeway/internal/telemetry"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// Samples outlive the process; a histogram is its count and its sum; a counter that begins anew goes on.
func TestSamplesAreKept(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "metrics")
	r := prometheus.NewRegistry()
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total"}, []string{"pool"})
	durations := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "duration_seconds"})
	r.MustRegister(requests, durations)
	begin := time.Now().Truncate(time.Minute).UTC()
	h := open(t, folder)
	young := func(string) bool { return false }
	sample := func(h *History, minute int) {
		t.Helper()
		families, err := r.Gather()
		if err == nil {
			err = h.Append(t.Context(), begin.Add(time.Duration(minute)*time.Minute), families, young)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	requests.WithLabelValues("web").Add(10)
	sample(h, 0)
	requests.WithLabelValues("web").Add(5)
	durations.Observe(2)
	durations.Observe(4)
	sample(h, 1)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h = open(t, folder)
	requests.Reset() // another instance
	requests.WithLabelValues("web").Add(3)
	sample(h, 2)
	sample(h, 1) // the clock was set back
	all, err := h.Read(t.Context(), "requests_total", begin, begin.Add(time.Hour))
	if err != nil || len(all) != 1 || all[0].Labels["pool"] != "web" {
		t.Fatalf("%+v, %v", all, err)
	}
	if diff := cmp.Diff([]float64{5, 3}, all[0].Increases().Values); diff != "" {
		t.Error(diff)
	}
	if got := all[0].Increases().Times[0]; !got.Equal(begin.Add(time.Minute)) {
		t.Errorf("the first increase is of %s", got)
	}
	young = func(string) bool { return true }
	requests.Reset()
	requests.WithLabelValues("new").Add(7)
	sample(h, 4)
	all, err = h.Read(t.Context(), "requests_total", begin.Add(3*time.Minute), begin.Add(time.Hour))
	if err != nil || len(all) != 1 || cmp.Diff([]float64{7}, all[0].Increases().Values) != "" {
		t.Errorf("of a young instance: %+v, %v", all, err)
	}
	sums, err := h.Read(t.Context(), "duration_seconds_sum", begin.Add(time.Minute), begin.Add(time.Minute))
	if err != nil || len(sums) != 1 || cmp.Diff([]float64{6}, sums[0].Values) != "" {
		t.Errorf("%+v, %v", sums, err)
	}
}

// The first requests of a sort count: a counter that an instance did not have the minute before began at zero. An instance that
// took the place of another begins anew, even if it counts more in its first minute than the other one did.
func TestTheFirstOfASortCounts(t *testing.T) {
	r := prometheus.NewRegistry()
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total"}, []string{telemetry.InstanceLabel, "status"})
	r.MustRegister(requests)
	count := func(instance, status string, n float64) { requests.WithLabelValues(instance, status).Add(n) }
	begin := time.Now().Truncate(time.Minute).UTC()
	h := open(t, t.TempDir())
	young := ""
	sample := func(minute int) {
		t.Helper()
		families, err := r.Gather()
		if err == nil {
			err = h.Append(t.Context(), begin.Add(time.Duration(minute)*time.Minute), families, func(i string) bool { return i == young })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	count("a", "200", 1000) // it ran before anybody looked
	sample(0)
	count("a", "502", 3)
	sample(1)
	requests.Reset()
	count("a", "502", 8)
	young = "a"
	sample(2)
	young = ""
	count("b", "200", 500) // another node's, long in service
	sample(3)
	count("b", "502", 1)
	sample(13) // nobody looked for ten minutes
	got := map[string][]float64{}
	all, err := h.Read(t.Context(), "requests_total", begin, begin.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		for _, n := range s.Increases().Values {
			if name := s.Labels[telemetry.InstanceLabel] + " " + s.Labels["status"]; n > 0 {
				got[name] = append(got[name], n)
			}
		}
	}
	if diff := cmp.Diff(map[string][]float64{"a 502": {3, 8}}, got); diff != "" {
		t.Error(diff)
	}
}

func open(t *testing.T, folder string) *History {
	t.Helper()
	h, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}
