package telemetry

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Target is what is counted for each request to one listener, pool and settings. Counting takes no lock, looks nothing up
// and allocates nothing.
type Target struct {
	listener *listenerCounts
	pool     *poolCounts
	statuses statuses // that clients got
}

// listenerCounts are shared by the targets of a listener.
type listenerCounts struct {
	name           string
	duration       histogram
	received, sent atomic.Int64
}

// poolCounts are shared by the targets of a pool under one backend settings object.
type poolCounts struct {
	pool, settings               string
	fresh, reused                atomic.Int64
	statuses                     statuses // that members answered with
	connect, firstByte, lastByte histogram
}

// statuses counts by status, in hundreds that take up memory once one of them is seen.
type statuses [10]atomic.Pointer[[100]atomic.Int64]

func (s *statuses) count(status int) {
	status = max(0, min(status, 999))
	hundred := &s[status/100]
	if hundred.Load() == nil {
		hundred.CompareAndSwap(nil, new([100]atomic.Int64))
	}
	hundred.Load()[status%100].Add(1)
}

// Request counts a finished request.
func (t *Target) Request(status int, taken time.Duration, received, sent int64) {
	l := t.listener
	t.statuses.count(status)
	l.duration.observe(taken)
	l.received.Add(max(0, received))
	l.sent.Add(max(0, sent))
}

// Attempt counts one attempt. A negative time says that the attempt did not get that far.
func (t *Target) Attempt(status int, reused bool, connect, firstByte, total time.Duration) {
	p := t.pool
	if reused {
		p.reused.Add(1)
	} else {
		p.fresh.Add(1)
	}
	if connect >= 0 {
		p.connect.observe(connect)
	}
	if status > 0 {
		p.statuses.count(status)
		p.firstByte.observe(max(firstByte, 0))
		p.lastByte.observe(total)
	}
}

// Sent is how many bytes of answers were sent to clients.
func (m *Metrics) Sent() (n int64) {
	a := m.targets
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.listeners {
		n += l.sent.Load()
	}
	return n
}

// targets are all targets ever requested, as a collector of their metrics.
type targets struct {
	requests, duration, received, sent                *prometheus.Desc
	responses, attempts, connect, firstByte, lastByte *prometheus.Desc

	mu        sync.Mutex
	byName    map[targetName]*Target
	listeners map[string]*listenerCounts
	pools     map[poolName]*poolCounts
}

type (
	poolName   struct{ pool, settings string }
	targetName struct {
		listener string
		poolName
	}
)

func newTargets() *targets {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(Namespace+"_"+name, help, labels, nil)
	}
	return &targets{
		byName: map[targetName]*Target{}, listeners: map[string]*listenerCounts{}, pools: map[poolName]*poolCounts{},

		requests: describe("requests_total", "Requests answered, by the status that the client got.", "listener", "pool", "settings",
			"status"),
		duration:  describe("request_duration_seconds", "First byte of the request to last byte of the response.", "listener"),
		received:  describe("received_bytes_total", "Bytes of requests.", "listener"),
		sent:      describe("sent_bytes_total", "Bytes of responses.", "listener"),
		responses: describe("backend_responses_total", "Answers of members, by status.", "pool", "settings", "status"),
		attempts: describe("backend_attempts_total", "Attempts on members, by connection: fresh or reused.", "pool", "settings",
			"connection"),
		connect:   describe("backend_connect_seconds", "Time to connect to a member, TLS included.", "pool", "settings"),
		firstByte: describe("backend_first_byte_seconds", "Choice of a member to the head of its response.", "pool", "settings"),
		lastByte:  describe("backend_last_byte_seconds", "Choice of a member to the last byte of its response.", "pool", "settings"),
	}
}

func (a *targets) get(listener, pool, settings string) *Target {
	of := poolName{pool, settings}
	name := targetName{listener, of}
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.byName[name]; t != nil {
		return t
	}
	if a.listeners[listener] == nil {
		a.listeners[listener] = &listenerCounts{name: listener}
	}
	if a.pools[of] == nil {
		a.pools[of] = &poolCounts{pool: pool, settings: settings}
	}
	t := &Target{listener: a.listeners[listener], pool: a.pools[of]}
	a.byName[name] = t
	return t
}

// Describe implements prometheus.Collector.
func (a *targets) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		a.requests, a.duration, a.received, a.sent,
		a.responses, a.attempts, a.connect, a.firstByte, a.lastByte,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (a *targets) Collect(to chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, n *atomic.Int64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n.Load()), labels...)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, t := range a.byName {
		t.statuses.each(func(status string, n *atomic.Int64) {
			counter(a.requests, n, name.listener, name.pool, name.settings, status)
		})
	}
	for _, l := range a.listeners {
		to <- l.duration.metric(a.duration, l.name)
		counter(a.received, &l.received, l.name)
		counter(a.sent, &l.sent, l.name)
	}
	for _, p := range a.pools {
		p.statuses.each(func(status string, n *atomic.Int64) { counter(a.responses, n, p.pool, p.settings, status) })
		counter(a.attempts, &p.fresh, p.pool, p.settings, "fresh")
		counter(a.attempts, &p.reused, p.pool, p.settings, "reused")
		to <- p.connect.metric(a.connect, p.pool, p.settings)
		to <- p.firstByte.metric(a.firstByte, p.pool, p.settings)
		to <- p.lastByte.metric(a.lastByte, p.pool, p.settings)
	}
}

// each calls f for every status that was seen.
func (s *statuses) each(f func(status string, n *atomic.Int64)) {
	for i := range s {
		hundred := s[i].Load()
		if hundred == nil {
			continue
		}
		for j := range hundred {
			if hundred[j].Load() > 0 {
				f(strconv.Itoa(100*i+j), &hundred[j])
			}
		}
	}
}
