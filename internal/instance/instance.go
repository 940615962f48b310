// Package instance is one data plane: it takes configurations, makes them ready, serves them, and lets go of the ones
// before.
package instance

import (
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
	"causeway/internal/pulse"
	"causeway/internal/resolve"
	"causeway/internal/route"
	"causeway/internal/telemetry"
)

// Options are what an instance keeps for its life.
type Options struct {
	Number     int
	Engine     conn.Engine
	Dialer     probe.Dialer   // for probes
	Lookup     resolve.Lookup // for the names of members
	Log        proxy.Log
	Metrics    *telemetry.Metrics
	Place      route.Place                              // where a port is bound
	Listen     func(place string) (net.Listener, error) // binds it
	PortOffset int                                      // that Place adds to the ports of the document
}

// Instance is a data plane at work.
type Instance struct {
	o         Options
	directory *backend.Directory
	prober    *probe.Prober
	proxy     *proxy.Proxy
	pulse     *pulse.Pulse

	applying sync.Mutex // one configuration at a time
	closed   bool

	mu      sync.Mutex
	leaving map[*leaving]struct{} // listeners that went and are not empty yet
	sets    []*backend.Set        // in force, newest last: two while a configuration is being applied
	v1      bool
	table   *route.Table
	stop    chan struct{}
	wg      sync.WaitGroup
}

// leaving is a listener that went. drain waits until it is empty, and makes it so at a deadline.
type leaving struct{ drain func(deadline time.Time) }

// firstProbes is how long a configuration waits for the first probes of new members before it is served.
const firstProbes = 5 * time.Second

const (
	sweepEvery = 5 * time.Second
	flushEvery = time.Second // so old a record may be when it is written
)

// New makes an instance that serves nothing yet.
func New(o Options) *Instance {
	i := &Instance{o: o, directory: backend.NewDirectory(o.Lookup), leaving: map[*leaving]struct{}{}, stop: make(chan struct{}), pulse: pulse.Start()}
	i.prober = probe.New(i.directory, o.Dialer, i.pulse)
	i.directory.Changed = i.follow
	i.proxy = proxy.New(proxy.Options{Engine: o.Engine, Log: o.Log, Metrics: o.Metrics, Pulse: i.pulse, Instance: o.Number, PortOffset: o.PortOffset})
	return i
}

// Apply serves a configuration in place of the one before: build it, make it ready, swap, drain what it no longer
// needs. No request notices. An error leaves everything as it was.
func (i *Instance) Apply(c *gateway.Config, local gateway.Local, revision uint64) error {
	i.applying.Lock()
	defer i.applying.Unlock()
	if i.closed {
		return errors.New("apply the configuration: the gateway is ending")
	}
	next, err := i.build(c, local)
	if err != nil {
		i.o.Metrics.Reloads.WithLabelValues("refused").Inc()
		if i.Serving() {
			return fmt.Errorf("apply the configuration: %w; the one before goes on serving", err)
		}
		return fmt.Errorf("apply the configuration: %w", err)
	}
	i.makeReady(next)
	i.swap(next, local, revision)
	i.o.Metrics.Reloads.WithLabelValues("applied").Inc()
	return nil
}

// candidate is a configuration that is not served yet.
type candidate struct {
	table   *route.Table
	set     *backend.Set
	sockets map[string]net.Listener // new ones
}

func (i *Instance) build(c *gateway.Config, local gateway.Local) (*candidate, error) {
	pairs, err := keyPairs(c, local)
	if err != nil {
		return nil, err
	}
	set, err := i.directory.Build(c, local)
	if err != nil {
		return nil, err
	}
	table, err := route.Compile(c, set, pairs, i.o.Place)
	if err == nil {
		var sockets map[string]net.Listener
		if sockets, err = i.listen(table); err == nil {
			return &candidate{table: table, set: set, sockets: sockets}, nil
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

// listen binds the places that are not served yet: all of them or none.
func (i *Instance) listen(t *route.Table) (map[string]net.Listener, error) {
	sockets := map[string]net.Listener{}
	for _, p := range t.Ports() {
		if i.proxy.Serving(p.Key) {
			continue
		}
		ln, err := i.o.Listen(p.Key)
		if err != nil {
			for _, s := range sockets {
				s.Close()
			}
			return nil, fmt.Errorf("bind port %d of frontend %q: %w", p.Number, p.Frontend, err)
		}
		sockets[p.Key] = ln
	}
	return sockets, nil
}

// makeReady waits until the names and first probes of new members are known, within bounds.
func (i *Instance) makeReady(next *candidate) {
	stop := make(chan struct{})
	timer := time.AfterFunc(firstProbes, func() { close(stop) })
	defer timer.Stop()
	next.set.Known(stop)
	i.mu.Lock()
	i.sets, i.v1 = append(i.sets, next.set), next.table.Config.V1()
	i.mu.Unlock()
	i.follow()
	if !i.prober.Ready(stop) {
		slog.Warn("some members have not answered their first probe in time; serving without them until they do", "waited", firstProbes)
	}
}

// swap serves the candidate and lets go of what was before.
func (i *Instance) swap(next *candidate, local gateway.Local, revision uint64) {
	i.proxy.Apply(next.table, local, revision)
	for place, ln := range next.sockets {
		i.proxy.Serve(place, ln)
	}
	i.mu.Lock()
	old := i.sets[:len(i.sets)-1]
	i.sets, i.table = []*backend.Set{next.set}, next.table
	i.mu.Unlock()
	for _, place := range i.proxy.Ports() {
		if next.table.Port(place) == nil {
			i.letGo(&leaving{i.proxy.Stop(place)}, time.Now().Add(drainTime(next.table.Config)))
		}
	}
	for _, set := range old {
		set.Release()
	}
	i.follow()
}

// letGo lets the connections of a listener end in their own time.
func (i *Instance) letGo(l *leaving, deadline time.Time) {
	i.mu.Lock()
	i.leaving[l] = struct{}{}
	i.mu.Unlock()
	i.wg.Go(func() {
		l.drain(deadline)
		i.mu.Lock()
		delete(i.leaving, l)
		i.mu.Unlock()
	})
}

// hasten gives the listeners that are leaving a new deadline.
func (i *Instance) hasten(deadline time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for l := range i.leaving {
		i.wg.Go(func() { l.drain(deadline) })
	}
}

// drainTime is how long connections of a listener that went may last: the longest draining of the settings.
func drainTime(c *gateway.Config) time.Duration {
	longest := 30
	for _, s := range c.Settings {
		longest = max(longest, s.DrainTimeout)
	}
	return time.Duration(longest) * time.Second
}

// follow lets the probes follow the members.
func (i *Instance) follow() {
	i.mu.Lock()
	sets, v1 := append([]*backend.Set(nil), i.sets...), i.v1
	i.mu.Unlock()
	i.prober.Follow(v1, sets...)
}

// Health is the backend-health document of what is served; empty before the first Apply.
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

// Tend closes backend connections that are too old to be used, and writes records that wait, now and then until Close.
func (i *Instance) Tend() {
	i.proxy.Flush()
	i.every(flushEvery, func(time.Time) { i.proxy.Flush() })
	i.every(sweepEvery, func(now time.Time) {
		if i.Serving() {
			i.proxy.Sweep(now)
		}
	})
}

// every calls f again and again until Close.
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

// Close drains until the deadline and ends everything. A configuration that is being applied is first.
func (i *Instance) Close(deadline time.Time) {
	i.applying.Lock()
	i.closed = true
	i.applying.Unlock()
	i.hasten(deadline)
	i.proxy.Shutdown(deadline)
	close(i.stop)
	i.prober.Close()
	i.pulse.Stop()
	i.directory.Close()
	i.wg.Wait()
	i.proxy.Flush()
	i.o.Engine.Each(func(h *conn.Home) { h.Sweep(time.Now().Add(time.Hour)) })
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

// Drain lets every answer end its client's connection from now on; new connections are still served, until Close.
func (i *Instance) Drain() { i.proxy.Drain() }

// Servers are the ports being served, by place.
func (i *Instance) Servers() map[string]conn.Server { return i.proxy.Servers() }

// Places are where clients are being served.
func (i *Instance) Places() []string {
	places := i.proxy.Ports()
	slices.Sort(places)
	return places
}
