package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/admin"
	"causeway/internal/conn"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/instance"
	"causeway/internal/resolve"
	"causeway/internal/telemetry"
)

// Gateway is a data plane in this process, with the data directory that a diagnosis reads.
type Gateway struct {
	dir      string
	log      *accesslog.Writer
	engine   conn.Engine
	instance *instance.Instance
	revision uint64
	names    names

	mu     sync.Mutex
	addr   string
	closed bool
}

// loops of the lab's gateway, whatever machine it runs on: each has connections to members of its own.
const loops = 2

// StartGateway serves a site on a free port of loopback. It keeps configuration, health and logs in dir.
func StartGateway(dir string, s Site) (*Gateway, error) {
	g := &Gateway{dir: dir, log: accesslog.NewWriter(filepath.Join(dir, "logs", "instance-0"))}
	g.engine, _ = conn.New("", loops)
	var probes *conn.Loop
	conn.NewGoroutines(func(loop *conn.Loop) { probes = loop })
	g.instance = instance.New(instance.Options{
		Engine: g.engine, Dialer: probes, Lookup: g.names.lookup, Log: g.log,
		Metrics: telemetry.New(), ListenAddr: func(frontend string, _ int) string { return frontend }, Listen: g.listen,
	})
	if err := g.Apply(s); err != nil {
		g.engine.Close()
		g.log.Close()
		return nil, err
	}
	g.instance.Tend()
	return g, nil
}

// names is a lab's own resolver: it knows few names, and asks nobody.
type names struct {
	mu    sync.Mutex
	known map[string]string
}

// OutOfOrder is the address of names for which the lab's resolver fails.
const OutOfOrder = "SERVFAIL"

// nameTTL is how long a name of the lab is known for.
const nameTTL = 4 * time.Second

func (n *names) set(known map[string]string) {
	n.mu.Lock()
	n.known = known
	n.mu.Unlock()
}

func (n *names) lookup(_ context.Context, name string) (resolve.Answer, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known[name] == OutOfOrder {
		return resolve.Answer{}, fmt.Errorf("look up %s: the resolver answered SERVFAIL", name)
	}
	addr, err := netip.ParseAddr(n.known[name])
	if err != nil {
		return resolve.Answer{}, fmt.Errorf("look up %s: %w", name, resolve.ErrNoAddress)
	}
	return resolve.Answer{Addrs: []netip.Addr{addr}, TTL: nameTTL}, nil
}

// listen binds the one frontend of a lab's site.
func (g *Gateway) listen(string) (net.Listener, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		g.mu.Lock()
		g.addr = ln.Addr().String()
		g.mu.Unlock()
	}
	return ln, err
}

// Addr is where clients reach the gateway, host:port.
func (g *Gateway) Addr() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.addr
}

// Addrs is the one address of Addr.
func (g *Gateway) Addrs() []string { return []string{g.Addr()} }

// Rename changes the addresses of names, as the lab's own resolver has them from now on.
func (g *Gateway) Rename(known map[string]string) { g.names.set(known) }

// Health is the backend-health document.
func (g *Gateway) Health() gateway.Health { return g.instance.Health() }

// Apply serves a site in place of the one before.
func (g *Gateway) Apply(s Site) error {
	g.names.set(s.Names)
	config := admin.Config{Source: document.Source{Document: s.Document(), Local: s.Local()}}
	document, local, problems, err := config.Parse()
	if err != nil {
		return fmt.Errorf("read the lab's documents: %w", err)
	}
	for _, p := range problems {
		if p.Severity == gateway.Error {
			return fmt.Errorf("check the lab's document: %v", p)
		}
	}
	g.revision++
	if err := g.instance.Apply(context.Background(), document.Config, local, g.revision); err != nil {
		return err
	}
	return g.keep(evidence.AppliedName, config)
}

// Close drains, and leaves the whole evidence in the directory: health as it was at the end, and every record.
func (g *Gateway) Close() error {
	g.mu.Lock()
	closed := g.closed
	g.closed = true
	g.mu.Unlock()
	if closed {
		return nil
	}
	err := g.keep(evidence.HealthName, g.instance.Health())
	g.instance.Close(time.Now().Add(2 * time.Second))
	g.engine.Close()
	g.log.Close()
	if lost := g.log.Lost(); lost > 0 && err == nil {
		err = fmt.Errorf("keep the access log: %d records were lost: %w", lost, g.log.Err())
	}
	return err
}

func (g *Gateway) keep(name string, v any) error {
	b, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(filepath.Join(g.dir, name), b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	return nil
}
