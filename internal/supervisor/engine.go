package supervisor

import (
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"causeway/internal/admin"
	"causeway/internal/conn"
	"causeway/internal/gateway"
)

// engineOf is the engine that a configuration asks for; empty: the best there is. Whether the file is right is for Apply
// to say.
func engineOf(c admin.Config) string {
	local, _, err := c.ParseLocal()
	if err != nil {
		return ""
	}
	return local.Engine
}

// processors are those that the process may use. It is asked before there is an engine.
var processors = sync.OnceValue(func() int { return runtime.GOMAXPROCS(0) })

// startEngine starts the engine of a name, with a loop for each processor, and reports what it counts.
func (s *Supervisor) startEngine(name string) conn.Engine {
	e, why := conn.New(name, processors())
	s.askedEngine = name
	if why != nil {
		slog.Warn("there are no event loops here: each connection gets a goroutine, which costs more", "error", why)
	}
	if n := e.Loops(); n > 0 {
		runtime.GOMAXPROCS(n + 1) // else the turns of 10 ms that the collector and everybody else take are those of a loop
	}
	s.limit = connectionLimit()
	slog.Info("engine", "name", e.Name(), "event loops", e.Loops())
	e.Set(func(o *conn.Options) {
		o.Limit = s.limit
		o.Panic = func(v any, stack []byte) {
			s.metrics.Panics.Inc()
			slog.Error("a request ended in a panic; please report it", "value", v, "stack", string(stack))
		}
		o.Evicted = func(n int) { s.metrics.Evicted.Add(float64(n)) }
		o.Crowded = s.crowded
	})
	s.metrics.Gauge("client_connections", "Client connections now.", func() float64 { return float64(e.Live()) })
	s.metrics.Gauge("backend_idle_connections", "Connections to members that wait for a request.",
		func() float64 { return float64(e.Idle()) })
	s.metrics.Gauge("event_loops", "Event loops at work; 0: each connection has a goroutine.", func() float64 { return float64(e.Loops()) })
	s.metrics.Gauge("event_loop_stalled_seconds", "For how long the event loop that is worst off has been kept from its other connections.",
		func() float64 { return e.Stalled().Seconds() })
	return e
}

// crowded counts a client that was refused since its address holds its share of the places, and says so once a minute. It is
// called under a lock, so the line is written elsewhere.
func (s *Supervisor) crowded(from netip.Addr) {
	s.metrics.CrowdedOut.Inc()
	now := time.Now().UnixNano()
	if last := s.crowdTold.Load(); now-last >= int64(time.Minute) && s.crowdTold.CompareAndSwap(last, now) {
		go slog.Warn("new client connections are closed: their address holds its share, three quarters, of the places, "+
			"and none of its connections is silent; raise the limit of open files (LimitNOFILE, ulimit -n)",
			"address", from, "places", s.limit)
	}
}

// engineProblem warns of an engine that takes a new start.
func (s *Supervisor) engineProblem(local gateway.Local) []gateway.Problem {
	// It is not available, which the log says already
	if local.Engine == "" || local.Engine == s.engine.Name() || local.Engine == s.askedEngine {
		return nil
	}
	return []gateway.Problem{{
		Severity: gateway.Warning, Code: "EngineNotInUse", Path: "engine",
		Message: "the gateway runs on the engine " + s.engine.Name() + "; an engine is chosen when the gateway starts",
		Hint:    "start the gateway anew; its successor takes over without refusing anybody",
	}}
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
