// Package telemetry holds the names of all metrics and the registry that they live in.
package telemetry

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// InstanceName is how records name instance n of a node, of each generation. The node is empty on a single machine.
func InstanceName(node string, n int, v1 bool) string {
	name := "appgw_"
	if v1 {
		name = "ApplicationGatewayRole_IN_"
	}
	if node != "" {
		name += node + "_"
	}
	return name + strconv.Itoa(n)
}

// Metrics is everything that an instance counts. Names follow Azure's metrics where one has the same meaning.
type Metrics struct {
	registry

	Connections       prometheus.Counter
	HandshakeFailures prometheus.Counter
	HeadsIncomplete   prometheus.Counter
	BareLF            prometheus.Counter
	SpacedColon       prometheus.Counter
	Evicted           prometheus.Counter
	CrowdedOut        prometheus.Counter
	Ejections         *prometheus.CounterVec // pool, settings
	steered           *prometheus.CounterVec // pool, settings
	Panics            prometheus.Counter

	faults    *prometheus.CounterVec // side, phase, kind
	recovered *prometheus.CounterVec // side, phase, kind
	refused   *prometheus.CounterVec // status

	targets *targets
}

// New makes a registry with all metrics of an instance.
func New() *Metrics {
	m := &Metrics{registry: newRegistry(), targets: newTargets()}
	m.Registry.MustRegister(m.targets)
	m.Connections = m.counter("client_connections_total", "Client connections accepted.")
	m.HandshakeFailures = m.counter("client_handshake_failures_total", "TLS handshakes with clients that failed.")
	m.HeadsIncomplete = m.counter("client_heads_incomplete_total", "Connections that clients closed in the middle of a request head.")
	m.BareLF = m.counter("backend_bare_lf_total", "Responses whose head ended a line with a bare LF.")
	m.SpacedColon = m.counter("backend_spaced_colon_total", "Responses whose head had white space before a field's colon.")
	m.Evicted = m.counter("client_connections_evicted_total",
		"Silent client connections that gave way to new ones at the limit of connections.")
	m.CrowdedOut = m.counter("client_connections_refused_total",
		"New client connections closed at once because their address held its share of the limit already.")
	m.Ejections = m.counters("ejections_total",
		"Times that a member was held back because requests in a row failed at it.", "pool", "settings")
	m.steered = m.counters("ejection_avoided_total",
		"Requests that another member answered because the one that was due was held back.", "pool", "settings")
	m.Panics = m.counter("panics_total", "Requests that a defect of the gateway ended.")
	m.faults = m.counters("faults_total", "Failed requests, by what failed.", "side", "phase", "kind")
	m.recovered = m.counters("recovered_total", "Failed attempts that a retry hid from the client.", "side", "phase", "kind")
	m.refused = m.counters("refused_total", "Requests that reached no rule, by status.", "status")
	return m
}

// Hosts is how many members of a pool are healthy under one backend settings object.
type Hosts struct {
	Pool, Settings     string
	Healthy, Unhealthy int
}

// HostCounts registers the healthy and unhealthy hosts of each pool and settings, read on each scrape.
func (m *Metrics) HostCounts(read func() []Hosts) {
	describe := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(Namespace+"_"+name, help, []string{"pool", "settings"}, nil)
	}
	m.Registry.MustRegister(&hostCounts{
		read: read, healthy: describe("healthy_hosts", "Members that probes find healthy."),
		unhealthy: describe("unhealthy_hosts", "Members that probes do not find healthy."),
	})
}

type hostCounts struct {
	read               func() []Hosts
	healthy, unhealthy *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *hostCounts) Describe(to chan<- *prometheus.Desc) { to <- c.healthy; to <- c.unhealthy }

// Collect implements prometheus.Collector.
func (c *hostCounts) Collect(to chan<- prometheus.Metric) {
	for _, h := range c.read() {
		to <- prometheus.MustNewConstMetric(c.healthy, prometheus.GaugeValue, float64(h.Healthy), h.Pool, h.Settings)
		to <- prometheus.MustNewConstMetric(c.unhealthy, prometheus.GaugeValue, float64(h.Unhealthy), h.Pool, h.Settings)
	}
}

// Fault counts a failed request.
func (m *Metrics) Fault(side, phase, kind string) { m.faults.WithLabelValues(side, phase, kind).Inc() }

// Recovered counts a failed attempt that a later one made good.
func (m *Metrics) Recovered(side, phase, kind string) {
	m.recovered.WithLabelValues(side, phase, kind).Inc()
}

// Steered counts a request that another member answered because the one that was due is held back.
func (m *Metrics) Steered(pool, settings string) { m.steered.WithLabelValues(pool, settings).Inc() }

// Refused counts a request that reached no rule.
func (m *Metrics) Refused(status int) { m.refused.WithLabelValues(strconv.Itoa(status)).Inc() }

// Target returns the counters of a listener, pool and settings; pool and settings are empty for redirects.
func (m *Metrics) Target(listener, pool, settings string) *Target {
	return m.targets.get(listener, pool, settings)
}
