// Package proxy serves user traffic: listeners, and the life of a request from its first byte to its record. No other
// package does, and it blocks on nothing but package conn.
package proxy

import (
	"maps"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/conn"
	"causeway/internal/gateway"
	"causeway/internal/route"
	"causeway/internal/stall"
	"causeway/internal/telemetry"
)

// Log takes the record of each request. Write must not block.
type Log interface{ Write(*accesslog.Record) }

// Proxy serves a routing table. Apply replaces the table while requests are served.
type Proxy struct {
	engine     conn.Engine
	log        Log
	metrics    *telemetry.Metrics
	stalls     *stall.Detector
	node       string
	instance   int
	portOffset int

	state    atomic.Pointer[State]
	draining atomic.Bool

	mu      sync.Mutex
	servers map[string]conn.Server // by key of the port
}

// State is a configuration in force. A request keeps the one that it began with.
type State struct {
	Table    *route.Table
	Local    gateway.Local
	Revision uint64

	resource string // id in upper case, as Azure's records have it
	instance string
	v1       bool
	honour   bool          // idle limits that servers announce
	idle     time.Duration // of a client between two requests
	bodyMax  int64         // of a request
}

// Options are what a Proxy keeps for its life.
type Options struct {
	Engine     conn.Engine
	Log        Log
	Metrics    *telemetry.Metrics
	Stalls     *stall.Detector // may be nil
	Node       string          // of the cluster; empty on a single machine
	Instance   int             // number of the instance
	PortOffset int             // that was added to the ports of the document
}

// New makes a Proxy without listeners.
func New(o Options) *Proxy {
	return &Proxy{
		engine:     o.Engine,
		log:        o.Log,
		metrics:    o.Metrics,
		stalls:     o.Stalls,
		node:       o.Node,
		instance:   o.Instance,
		portOffset: o.PortOffset,
		servers:    map[string]conn.Server{},
	}
}

// Timers and bounds that Azure fixes, and our own where Azure is silent.
const (
	idleV1      = 120 * time.Second
	idleV2      = 75 * time.Second
	headTimeout = 60 * time.Second // for a request head, then 408
	bodyPause   = 60 * time.Second // between two reads of a request body, then 408
	bodyMaxV1   = 2 << 30
	bodyMaxV2   = 4 << 30
	deliverTime = 60 * time.Second // in which a client must take some of the response
	lingerPause = 5 * time.Second  // between two reads of a request body that nobody wants any more
	lingerTime  = 2 * time.Second  // for reading what a client sends that is no request
	lingerBytes = 16 << 20

	firstClientCheck    = 250 * time.Millisecond // a wait first checks on the client after this time,
	clientCheckInterval = time.Second            // and then at growing intervals, up to this one
	clientProbeTimeout  = 50 * time.Millisecond  // in which a client that left answers a probe with a reset
)

// Apply serves new requests by another configuration. Requests under way keep theirs.
func (p *Proxy) Apply(t *route.Table, local gateway.Local, revision uint64) {
	s := &State{
		Table: t, Local: local, Revision: revision, v1: t.Config.V1(), idle: idleV2, bodyMax: bodyMaxV2,
		honour:   local.KeepAliveHint != "ignore",
		resource: strings.ToUpper(t.Config.ResourceID()), instance: telemetry.InstanceName(p.node, p.instance, t.Config.V1()),
	}
	if s.v1 {
		s.idle, s.bodyMax = idleV1, bodyMaxV1
	}
	p.state.Store(s)
}

// State returns what is served now; nil before the first Apply.
func (p *Proxy) State() *State { return p.state.Load() }

// Serve accepts clients of a port of the table from ln.
func (p *Proxy) Serve(port string, ln net.Listener) {
	server := p.engine.Serve(ln, func(loop *conn.Loop, c conn.Conn) conn.Handler { return p.open(port, loop, c) })
	p.mu.Lock()
	p.servers[port] = server
	p.mu.Unlock()
}

// Serving reports whether a port is being served.
func (p *Proxy) Serving(port string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.servers[port]
	return ok
}

// Ports are the keys of the ports being served.
func (p *Proxy) Ports() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for k := range p.servers {
		out = append(out, k)
	}
	return out
}

// Servers are the ports being served, by key.
func (p *Proxy) Servers() map[string]conn.Server {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.servers)
}

// Drain makes every answer from now on end its client's connection.
func (p *Proxy) Drain() { p.draining.Store(true) }

// Stop accepts nothing more on a port: its socket is closed when Stop returns. Connections continue; drain waits for them,
// and resets the rest at the deadline.
func (p *Proxy) Stop(port string) (drain func(deadline time.Time)) {
	p.mu.Lock()
	s, ok := p.servers[port]
	delete(p.servers, port)
	p.mu.Unlock()
	if !ok {
		return func(time.Time) {}
	}
	s.Stop()
	return s.Shutdown
}

// Shutdown drains every port until the deadline.
func (p *Proxy) Shutdown(deadline time.Time) {
	p.draining.Store(true)
	var wg sync.WaitGroup
	for _, port := range p.Ports() {
		drain := p.Stop(port)
		wg.Go(func() { drain(deadline) })
	}
	wg.Wait()
}

// Sweep closes backend connections that have been idle for longer than the limit.
func (p *Proxy) Sweep(now time.Time) {
	limit := p.State().Local.BackendIdleTimeout
	p.engine.Each(func(loop *conn.Loop) { loop.Pool.Sweep(now.Add(-limit)) })
}
