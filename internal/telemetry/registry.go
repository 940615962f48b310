package telemetry

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// registry is where the metrics of one process live.
type registry struct{ Registry *prometheus.Registry }

func newRegistry() registry { return registry{prometheus.NewRegistry()} }

// Namespace begins the name of every metric.
const Namespace = "causeway"

func (r registry) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: Namespace, Name: name, Help: help})
	r.Registry.MustRegister(c)
	return c
}

func (r registry) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: Namespace, Name: name, Help: help}, labels)
	r.Registry.MustRegister(c)
	return c
}

// Counter registers a value that only grows, read on each scrape.
func (r registry) Counter(name, help string, value func() float64) {
	r.Registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: Namespace, Name: name, Help: help}, value))
}

// Gauge registers a value that rises and falls, read on each scrape.
func (r registry) Gauge(name, help string, value func() float64) {
	r.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: Namespace, Name: name, Help: help}, value))
}

// Process registers what a registry says of its process: the build, Go's runtime, and the system's view of it. Call it once
// for each registry.
func (r registry) Process(version string) {
	r.Registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace:   Namespace,
			Name:        "build_info",
			Help:        "Always 1; the labels name the build.",
			ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
		}, func() float64 { return 1 }),
	)
}
