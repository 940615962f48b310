package process

import (
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"causeway/internal/conn"
)

// processors are those that the process may use. It is asked before there is an engine.
var processors = sync.OnceValue(func() int { return runtime.GOMAXPROCS(0) })

// startEngine starts the engine of a name, with a loop for each processor, and reports what it counts.
func (p *plane) startEngine(name string) conn.Engine {
	e, why := conn.New(name, processors())
	if why != nil {
		slog.Warn("there are no event loops here: each connection gets a goroutine, which costs more", "error", why)
	}
	if n := e.Loops(); n > 0 {
		runtime.GOMAXPROCS(n + 1) // else the turns of 10 ms that the collector and everybody else take are those of a loop
	}
	p.limit = connectionLimit()
	slog.Info("engine", "name", e.Name(), "event loops", e.Loops())
	e.Set(func(o *conn.Options) {
		o.Limit, o.Shared = p.limit, true
		o.Panic = func(v any, stack []byte) {
			p.metrics.Panics.Inc()
			slog.Error("a request ended in a panic; please report it", "value", v, "stack", string(stack))
		}
		o.Evicted = func(n int) { p.metrics.Evicted.Add(float64(n)) }
		o.Crowded = p.crowded
	})
	p.metrics.Gauge("client_connections", "Client connections now.", func() float64 { return float64(e.Live()) })
	p.metrics.Gauge("backend_idle_connections", "Connections to members that wait for a request.",
		func() float64 { return float64(e.Idle()) })
	p.metrics.Gauge("event_loops", "Event loops at work; 0: each connection has a goroutine.", func() float64 { return float64(e.Loops()) })
	p.metrics.Gauge("event_loop_stalled_seconds", "For how long the event loop that is worst off has been kept from its other connections.",
		func() float64 { return e.Stalled().Seconds() })
	return e
}

// crowded counts a client that was refused since its address holds its share of the places, and says so once a minute. It is
// called under a lock, so the line is written elsewhere.
func (p *plane) crowded(from netip.Addr) {
	p.metrics.CrowdedOut.Inc()
	now := time.Now().UnixNano()
	if last := p.crowdAt.Load(); now-last >= int64(time.Minute) && p.crowdAt.CompareAndSwap(last, now) {
		go slog.Warn("new client connections are closed: their address holds its share, three quarters, of the places, "+
			"and none of its connections is silent; raise the limit of open files (LimitNOFILE, ulimit -n)",
			"address", from, "places", p.limit)
	}
}

const (
	stallEvery = 500 * time.Millisecond
	stallMax   = time.Second // of a loop, before a line says so
)

// stalls says when an event loop stands still, and when it goes on.
type stalls struct{ on bool }

// look is called every stallEvery.
func (t *stalls) look(stalled time.Duration) {
	switch {
	case stalled >= stallMax && !t.on:
		slog.Warn("an event loop stands still: its other clients wait; please report it", "for", stalled.Round(time.Millisecond))
		t.on = true
	case stalled < stallMax && t.on:
		slog.Info("the event loop goes on")
		t.on = false
	}
}
