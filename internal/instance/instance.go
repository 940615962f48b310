// Package instance is one data plane: it builds configurations, warms them up, serves them, and drains the ones before.
package instance

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"causeway/internal/backend"
	"causeway/internal/certs"
	"causeway/internal/conn"
	"causeway/internal/gateway"
	"causeway/internal/probe"
	"causeway/internal/proxy"
	"causeway/internal/resolve"
	"causeway/internal/route"
	"causeway/internal/stall"
	"causeway/internal/telemetry"
)

// Options are what an instance keeps for its life.
type Options struct {
	Node       string // of the cluster; empty on a single machine
	Number     int
	Engine     conn.Engine
	Dialer     probe.Dialer   // for probes
	Lookup     resolve.Lookup // for the names of members
	Log        proxy.Log
	Metrics    *telemetry.Metrics
	ListenAddr route.ListenAddr                           // address that a port is bound to
	Listen     func(address string) (net.Listener, error) // binds it
	PortOffset int                                        // that ListenAddr adds to the ports of the document
}

// Instance is a data plane at work.
type Instance struct {
	o         Options
	directory *backend.Directory
	prober    *probe.Prober
	proxy     *proxy.Proxy
	stalls    *stall.Detector

	swapMu sync.Mutex // held while one configuration replaces another, by its Candidate, and by Close; guards closed
	closed bool

	mu       sync.Mutex
	draining map[*drainingListener]struct{} // listeners that went and still have connections
	sets     []*backend.Set                 // in force, newest last: two while a configuration is being applied
	v1       bool
	table    *route.Table
	stop     chan struct{}
	wg       sync.WaitGroup
}

// drainingListener is a removed listener. drain blocks until its connections have ended, and resets them at the deadline.
type drainingListener struct{ drain func(deadline time.Time) }

// FirstProbes is how long a configuration waits for the first probes of new members before it is served.
const FirstProbes = 5 * time.Second

const (
	sweepEvery = 5 * time.Second
	flushEvery = time.Second // the greatest age of a record when it is written
)

// New makes an instance that serves nothing yet.
func New(o Options) *Instance {
	i := &Instance{
		o:         o,
		directory: backend.NewDirectory(o.Lookup),
		stalls:    stall.Start(o.Engine.Stalled),
		draining:  map[*drainingListener]struct{}{},
		stop:      make(chan struct{}),
	}
	i.prober = probe.New(i.directory, o.Dialer, i.stalls)
	i.directory.Changed = i.followMembers
	o.Metrics.Counter("probes_unjudged_total",
		"Probes that could not be judged when their timeout passed: the gateway's own process stood still.",
		func() float64 { return float64(i.prober.Excused()) })
	i.proxy = proxy.New(proxy.Options{
		Engine:     o.Engine,
		Log:        o.Log,
		Metrics:    o.Metrics,
		Stalls:     i.stalls,
		Node:       o.Node,
		Instance:   o.Number,
		PortOffset: o.PortOffset,
	})
	return i
}

// Apply replaces the configuration in force: it builds the new one, warms it up, swaps, and drains what the old one alone
// had. No request notices. An error changes nothing, and neither does a ctx that ends before the swap: warming up may
// take FirstProbes.
func (i *Instance) Apply(ctx context.Context, c *gateway.Config, local gateway.Local, revision uint64) error {
	next, err := i.Prepare(ctx, c, local, FirstProbes)
	if err != nil {
		return err
	}
	next.Serve(revision)
	return nil
}

// Prepare builds a configuration and warms it up, for as long as warm at most. Nothing serves it before Serve. Until then, or
// until Abandon, no other configuration can be prepared, and Close waits.
func (i *Instance) Prepare(ctx context.Context, c *gateway.Config, local gateway.Local, warm time.Duration) (*Candidate, error) {
	i.swapMu.Lock()
	next, err := i.prepare(ctx, c, local, warm)
	if err != nil {
		i.swapMu.Unlock()
		return nil, err
	}
	return next, nil
}

func (i *Instance) prepare(ctx context.Context, c *gateway.Config, local gateway.Local, warm time.Duration) (*Candidate, error) {
	if i.closed {
		return nil, errors.New("apply the configuration: the gateway is ending")
	}
	if ctx.Err() != nil { // it waited for another configuration meanwhile
		return nil, i.refused(context.Cause(ctx))
	}
	next, err := i.build(c, local)
	if err != nil {
		return nil, i.refused(err)
	}
	if err := i.warmUp(ctx, next, warm); err != nil {
		i.abandon(next)
		return nil, i.refused(err)
	}
	return next, nil
}

// Serve puts the configuration in force.
func (n *Candidate) Serve(revision uint64) {
	i := n.i
	defer i.swapMu.Unlock()
	i.swap(n, revision)
}

// Abandon gives the configuration up.
func (n *Candidate) Abandon() {
	defer n.i.swapMu.Unlock()
	n.i.abandon(n)
}

// refused says that a configuration is not served.
func (i *Instance) refused(err error) error {
	if i.Serving() {
		return fmt.Errorf("apply the configuration: %w; the previous configuration stays in force", err)
	}
	return fmt.Errorf("apply the configuration: %w", err)
}

// Candidate is a configuration that is not served yet.
type Candidate struct {
	i       *Instance
	local   gateway.Local
	table   *route.Table
	set     *backend.Set
	sockets map[string]net.Listener // new ones, by address
}

func (i *Instance) build(c *gateway.Config, local gateway.Local) (*Candidate, error) {
	pairs, err := keyPairs(c, local)
	if err != nil {
		return nil, err
	}
	set, err := i.directory.Build(c, local)
	if err != nil {
		return nil, err
	}
	table, err := route.Compile(c, set, pairs, i.o.ListenAddr)
	if err == nil {
		var sockets map[string]net.Listener
		if sockets, err = i.listen(table); err == nil {
			return &Candidate{i: i, local: local, table: table, set: set, sockets: sockets}, nil
		}
	}
	set.Release()
	return nil, err
}

// keyPairs loads the certificates that listeners use.
func keyPairs(c *gateway.Config, local gateway.Local) (map[string]*tls.Certificate, error) {
	out := map[string]*tls.Certificate{}
	var failed error
	for _, l := range c.Listeners {
		cert := c.SSLCertificate(l.SSLCertificate)
		if !l.HTTPS() || cert == nil || out[cert.Name] != nil {
			continue
		}
		pair, err := certs.KeyPair(cert, local.Certificates)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		out[cert.Name] = pair
	}
	return out, failed
}

// listen binds the addresses that are not served yet: all of them or none.
func (i *Instance) listen(t *route.Table) (map[string]net.Listener, error) {
	sockets := map[string]net.Listener{}
	for _, p := range t.Ports() {
		if i.proxy.Serving(p.Key) {
			continue
		}
		ln, err := i.o.Listen(p.Key)
		if err != nil {
			closeAll(sockets)
			return nil, fmt.Errorf("bind port %d of frontend %q: %w", p.Number, p.Frontend, err)
		}
		sockets[p.Key] = ln
	}
	return sockets, nil
}

func closeAll(sockets map[string]net.Listener) {
	for _, ln := range sockets {
		ln.Close()
	}
}

// warmUp waits until the names and first probes of new members are known, for as long as limit at most. It fails if ctx
// ends before that.
func (i *Instance) warmUp(ctx context.Context, next *Candidate, limit time.Duration) error {
	wait, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	next.set.Known(wait.Done())
	i.follow(append(i.setsInForce(), next.set), next.table.Config.V1())
	probed := i.prober.Ready(wait.Done())
	if ctx.Err() != nil {
		return fmt.Errorf("wait for the first probes: %w", context.Cause(ctx))
	}
	if !probed {
		slog.Warn("some members have not answered their first probe in time; serving without them until they do", "waited", limit)
	}
	return nil
}

// abandon takes back what build and warmUp did for a candidate.
func (i *Instance) abandon(next *Candidate) {
	closeAll(next.sockets)
	i.mu.Lock()
	sets, v1 := i.sets[:len(i.sets)-1], i.table != nil && i.table.Config.V1()
	i.mu.Unlock()
	i.follow(sets, v1)
	next.set.Release()
}

// swap serves the candidate, drains the listeners that it lacks, and releases the sets before it.
func (i *Instance) swap(next *Candidate, revision uint64) {
	i.proxy.Apply(next.table, next.local, revision)
	for address, ln := range next.sockets {
		i.proxy.Serve(address, ln)
	}
	i.mu.Lock()
	old := i.sets[:len(i.sets)-1]
	i.sets, i.table = []*backend.Set{next.set}, next.table
	i.mu.Unlock()
	for _, address := range i.proxy.Ports() {
		if next.table.Port(address) == nil {
			i.startDrain(&drainingListener{i.proxy.Stop(address)}, time.Now().Add(drainTime(next.table.Config)))
		}
	}
	for _, set := range old {
		set.Release()
	}
	i.followMembers()
}

// startDrain lets the connections of a removed listener end in their own time.
func (i *Instance) startDrain(l *drainingListener, deadline time.Time) {
	i.mu.Lock()
	i.draining[l] = struct{}{}
	i.mu.Unlock()
	i.wg.Go(func() {
		l.drain(deadline)
		i.mu.Lock()
		delete(i.draining, l)
		i.mu.Unlock()
	})
}

// shortenDrain gives removed listeners a new deadline.
func (i *Instance) shortenDrain(deadline time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for l := range i.draining {
		i.wg.Go(func() { l.drain(deadline) })
	}
}

// drainTime is how long connections of a removed listener may last: the longest drain timeout of the settings.
func drainTime(c *gateway.Config) time.Duration {
	longest := 30
	for _, s := range c.Settings {
		longest = max(longest, s.DrainTimeout)
	}
	return time.Duration(longest) * time.Second
}

// setsInForce returns a copy of the sets.
func (i *Instance) setsInForce() []*backend.Set {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.sets)
}

// follow probes the members of these sets from now on.
func (i *Instance) follow(sets []*backend.Set, v1 bool) {
	i.mu.Lock()
	i.sets, i.v1 = sets, v1
	i.mu.Unlock()
	i.followMembers()
}

// followMembers probes the members that the sets in force have now.
func (i *Instance) followMembers() {
	i.mu.Lock()
	sets, v1 := slices.Clone(i.sets), i.v1
	i.mu.Unlock()
	i.prober.Follow(v1, sets...)
}

// Health returns the backend-health document of what is served; empty before the first Apply.
func (i *Instance) Health() gateway.Health {
	i.mu.Lock()
	table := i.table
	i.mu.Unlock()
	if table == nil {
		return gateway.Health{}
	}
	return table.Set.Health(table.Config)
}

// Serving reports whether a configuration is being served.
func (i *Instance) Serving() bool { return i.proxy.State() != nil }

// Tend closes backend connections that have been idle for too long, and writes buffered records, periodically until Close.
func (i *Instance) Tend() {
	i.proxy.Flush()
	i.every(flushEvery, func(time.Time) { i.proxy.Flush() })
	i.every(sweepEvery, func(now time.Time) {
		if i.Serving() {
			i.proxy.Sweep(now)
		}
	})
}

// every calls f periodically until Close.
func (i *Instance) every(d time.Duration, f func(now time.Time)) {
	i.wg.Go(func() {
		tick := time.NewTicker(d)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				f(now)
			case <-i.stop:
				return
			}
		}
	})
}

// Close drains until the deadline and ends everything. It first waits for an Apply under way.
func (i *Instance) Close(deadline time.Time) {
	i.swapMu.Lock()
	i.closed = true
	i.swapMu.Unlock()
	i.shortenDrain(deadline)
	i.proxy.Shutdown(deadline)
	close(i.stop)
	i.prober.Close()
	i.stalls.Stop()
	i.directory.Close()
	i.wg.Wait()
	i.proxy.Flush()
	i.o.Engine.Each(func(loop *conn.Loop) { loop.Pool.Sweep(time.Now().Add(time.Hour)) })
}

// Hosts counts the members of each pool under each settings by their health, as Azure's host-count metrics do.
func (i *Instance) Hosts() []telemetry.Hosts {
	i.mu.Lock()
	table := i.table
	i.mu.Unlock()
	if table == nil {
		return nil
	}
	var out []telemetry.Hosts
	for _, g := range table.Set.Groups() {
		h := telemetry.Hosts{Pool: g.Pool.Name, Settings: g.Settings.Name}
		for _, m := range g.Members() {
			if m.Up() {
				h.Healthy++
			} else {
				h.Unhealthy++
			}
		}
		out = append(out, h)
	}
	return out
}

// Drain makes every answer end its client's connection from now on; new connections are still served, until Close.
func (i *Instance) Drain() { i.proxy.Drain() }

// Servers returns the ports being served, by listen address.
func (i *Instance) Servers() map[string]conn.Server { return i.proxy.Servers() }

// ListenAddrs returns the addresses where clients are being served, in order.
func (i *Instance) ListenAddrs() []string {
	addresses := i.proxy.Ports()
	slices.Sort(addresses)
	return addresses
}
