package process

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/conn"
	"causeway/internal/instance"
	"causeway/internal/resolve"
	"causeway/internal/telemetry"
)

// plane is the data plane of one process, with what it needs of the system around it.
type plane struct {
	setup    Setup
	build    string
	log      *accesslog.Writer
	metrics  *telemetry.Metrics
	engine   conn.Engine
	limit    int          // of client connections
	crowdAt  atomic.Int64 // when a line said last that an address was refused, in Unix nanoseconds
	instance *instance.Instance
	started  time.Time

	turn    sync.Mutex              // one configuration is prepared at a time, until it is served or given up
	offered map[string]net.Listener // sockets that came with that configuration; turn guards it

	mu       sync.Mutex // guards what follows
	revision uint64
	draining bool
}

// LogRoot is where a data directory keeps the logs of its instances.
func LogRoot(data string) string { return filepath.Join(data, "logs") }

func newPlane(setup Setup, build string) *plane {
	p := &plane{setup: setup, build: build, started: time.Now(), metrics: telemetry.New()}
	p.log = accesslog.NewWriter(filepath.Join(LogRoot(setup.Data), "instance-"+strconv.Itoa(setup.Number)))
	p.engine = p.startEngine(setup.Engine)
	var probes *conn.Loop
	conn.NewGoroutines(func(loop *conn.Loop) { probes = loop })
	p.instance = instance.New(instance.Options{
		Node:       setup.Node,
		Number:     setup.Number,
		Engine:     p.engine,
		Dialer:     probes,
		Lookup:     resolve.System().Lookup,
		Log:        p.log,
		Metrics:    p.metrics,
		ListenAddr: setup.Binding.Addr,
		Listen:     p.listen,
		PortOffset: setup.Binding.PortOffset,
	})
	p.metrics.HostCounts(p.instance.Hosts)
	p.metrics.Counter("log_records_lost_total", "Access-log records that could not be kept.",
		func() float64 { return float64(p.log.Lost()) })
	p.metrics.Process(build)
	return p
}

// listen takes a socket that came with the configuration which is being prepared.
func (p *plane) listen(address string) (net.Listener, error) {
	ln := p.offered[address]
	if ln == nil {
		return nil, fmt.Errorf("the supervisor has handed over no socket for %s", address)
	}
	delete(p.offered, address)
	return ln, nil
}

// prepare builds a configuration, with the sockets that came with it, and warms it up. It is served by what it returns first, and given up
// by the second. Sockets that it does not need stay the caller's.
func (p *plane) prepare(
	ctx context.Context, c Config, sockets map[string]net.Listener, warm time.Duration,
) (serve func(revision uint64), abandon func(), err error) {
	d, local, _, err := instance.Read(c.Source, c.Allowed)
	if err != nil {
		return nil, nil, err
	}
	p.turn.Lock()
	p.offered = sockets
	next, err := p.instance.Prepare(ctx, d.Config, local, warm)
	if err != nil {
		p.turn.Unlock()
		return nil, nil, err
	}
	serve = func(revision uint64) {
		defer p.turn.Unlock()
		next.Serve(revision)
		p.serves(revision)
	}
	abandon = func() {
		defer p.turn.Unlock()
		next.Abandon()
	}
	return serve, abandon, nil
}

// serves notes which revision is in force.
func (p *plane) serves(revision uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.revision == 0 && !p.draining {
		p.instance.Tend()
	}
	p.revision = revision
}

// State is what the instance says of itself.
func (p *plane) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return State{
		Setup:       p.setup,
		PID:         os.Getpid(),
		Build:       p.build,
		Started:     p.started,
		Revision:    p.revision,
		Draining:    p.draining,
		Connections: p.engine.Live(),
		Sent:        p.metrics.Sent(),
		Lost:        p.log.Lost(),
		Addresses:   p.instance.ListenAddrs(),
	}
}

// drain serves what is under way until the deadline. Others accept from the listening sockets meanwhile.
func (p *plane) drain(deadline time.Time) {
	p.mu.Lock()
	was := p.draining
	p.draining = true
	p.mu.Unlock()
	if was {
		return
	}
	slog.Info("draining", "connections", p.engine.Live(), "until", deadline.UTC().Format(time.RFC3339))
	p.instance.Close(deadline)
	p.engine.Close()
	p.log.Close()
}

// watchStalls says when an event loop stands still, until ctx ends.
func (p *plane) watchStalls(ctx context.Context) {
	tick := time.NewTicker(stallEvery)
	defer tick.Stop()
	var s stalls
	for {
		select {
		case <-tick.C:
			s.look(p.engine.Stalled())
		case <-ctx.Done():
			return
		}
	}
}
