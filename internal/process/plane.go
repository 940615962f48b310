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

	mu       sync.Mutex // guards what follows
	sockets  map[string]net.Listener
	revision uint64
	draining bool
}

// LogRoot is where a data directory keeps the logs of its instances.
func LogRoot(data string) string { return filepath.Join(data, "logs") }

func newPlane(setup Setup, build string) *plane {
	p := &plane{setup: setup, build: build, started: time.Now(), metrics: telemetry.New(), sockets: map[string]net.Listener{}}
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

// listen takes a socket that the supervisor has handed over.
func (p *plane) listen(address string) (net.Listener, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ln := p.sockets[address]
	if ln == nil {
		return nil, fmt.Errorf("the supervisor has handed over no socket for %s", address)
	}
	delete(p.sockets, address)
	return ln, nil
}

// receive keeps listening sockets until a configuration wants them.
func (p *plane) receive(addresses []string, files []int) error {
	if len(addresses) != len(files) {
		return fmt.Errorf("%d sockets came with %d addresses", len(files), len(addresses))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, f := range files {
		ln, err := conn.Listener(f)
		if err != nil {
			return fmt.Errorf("take over the socket of %s: %w", addresses[i], err)
		}
		if was := p.sockets[addresses[i]]; was != nil {
			was.Close()
		}
		p.sockets[addresses[i]] = ln
	}
	return nil
}

// discard closes the sockets that no configuration wanted.
func (p *plane) discard() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for address, ln := range p.sockets {
		ln.Close()
		delete(p.sockets, address)
	}
}

// prepare builds a configuration and warms it up. It is served by what it returns first, and given up by the second.
func (p *plane) prepare(ctx context.Context, c Config, warm time.Duration) (serve func(revision uint64), abandon func(), err error) {
	d, local, _, err := instance.Read(c.Source, c.Allowed)
	if err != nil {
		return nil, nil, err
	}
	next, err := p.instance.Prepare(ctx, d.Config, local, warm)
	if err != nil {
		return nil, nil, err
	}
	return func(revision uint64) {
		next.Serve(revision)
		p.mu.Lock()
		first := p.revision == 0
		p.revision = revision
		p.mu.Unlock()
		if first {
			p.instance.Tend()
		}
	}, next.Abandon, nil
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
