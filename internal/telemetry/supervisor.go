package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Supervisor is everything that a supervisor counts.
type Supervisor struct {
	registry

	Reloads    *prometheus.CounterVec // result
	LastReload prometheus.Gauge       // Unix time of the last configuration that was applied; 0 before that
	Restarts   *prometheus.CounterVec // instance_id
}

// NewSupervisor makes a registry with all metrics of a supervisor.
func NewSupervisor() *Supervisor {
	s := &Supervisor{registry: newRegistry()}
	s.Reloads = s.counters("reloads_total", "Configurations applied, refused or aborted.", "result")
	s.LastReload = prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: Namespace,
		Name:      "config_last_reload_success_timestamp_seconds",
		Help:      "When the configuration in force was applied, as Unix time.",
	})
	s.Registry.MustRegister(s.LastReload)
	s.Restarts = s.counters("instance_restarts_total", "Instances that ended unasked and were replaced.", InstanceLabel)
	return s
}

// Unserved registers how often the document asks for each protection that the gateway lacks, read on each scrape.
func (s *Supervisor) Unserved(protections []string, count func(protection string) int) {
	for _, p := range protections {
		s.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: Namespace, Name: "unserved_protections", ConstLabels: prometheus.Labels{"protection": p},
			Help: "Objects of the document that ask for a protection which is not given.",
		}, func() float64 { return float64(count(p)) }))
	}
}
