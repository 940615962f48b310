// Package nginx plays the lab's scenarios with Debian's nginx as the gateway, and writes its log in the forms in which Azure exports its
// own. Azure's v2 gateway is nginx underneath: what a request leaves in this log was made neither by Causeway nor for it.
package nginx

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"causeway/internal/gateway"
	"causeway/internal/lab/peers"
	"causeway/internal/lab/stage"
	"causeway/internal/lab/stretch"
)

// Options say how a play through nginx is served and exported.
type Options struct {
	Form    Form
	Echo    bool           // serverStatus has the gateway's own status where no member gave one
	Sources *peers.Sources // from which port each attempt came, as the members know it; may be nil

	Retries bool // a second member is tried where nginx allows it
}

// Instances is how many nginx processes share the load.
const Instances = 2

// Gateway is nginx as the gateway of a stage: two processes, and a prober that judges the members for both.
type Gateway struct {
	dir       string // of the evidence
	scratch   string
	options   Options
	prober    *stage.Gateway
	instances []*instance

	mu      sync.Mutex
	site    stage.Site
	names   map[string]lookup
	known   map[string]string
	servers map[string][]string
	routed  map[string]map[string]string // by pool: what the log names for an address that was dialled
	samples []sample
	failed  error
	closed  bool

	done chan struct{}
	wg   sync.WaitGroup
}

// lookup is an address of a name, with the time until which it is known.
type lookup struct {
	addr  string
	until time.Time
}

// nameTTL is how long a name's address is known for, as in the lab's own resolver.
const nameTTL = 4 * time.Second

// Start serves a site through nginx and leaves evidence in dir when it is closed.
func Start(dir string, s stage.Site, o Options) (*Gateway, error) {
	scratch, err := os.MkdirTemp("", "causeway-nginx-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for nginx: %w", err)
	}
	g := &Gateway{
		dir: dir, scratch: scratch, options: o, site: s, known: s.Names, names: map[string]lookup{},
		routed: map[string]map[string]string{}, done: make(chan struct{}),
	}
	if err := g.start(); err != nil {
		g.stop()
		os.RemoveAll(scratch)
		return nil, err
	}
	g.wg.Go(g.watch)
	return g, nil
}

func (g *Gateway) start() error {
	prober := filepath.Join(g.scratch, "prober")
	if err := os.MkdirAll(prober, 0o700); err != nil {
		return fmt.Errorf("make a directory for the prober: %w", err)
	}
	var err error
	if g.prober, err = stage.StartGateway(prober, g.site); err != nil {
		return err
	}
	g.servers = g.members(g.prober.Health())
	for n := range Instances {
		i, err := startInstance(Configuration{
			Dir:     filepath.Join(g.scratch, strconv.Itoa(n)),
			Site:    g.site,
			Retries: g.options.Retries,
			Servers: g.servers,
		})
		if err != nil {
			return err
		}
		g.instances = append(g.instances, i)
	}
	return nil
}

// Addrs is where clients reach the instances.
func (g *Gateway) Addrs() []string {
	var out []string
	for _, i := range g.instances {
		out = append(out, i.config.Listen)
	}
	return out
}

// Rename changes the addresses of names; nginx learns of it when what it knows has run out.
func (g *Gateway) Rename(known map[string]string) {
	g.prober.Rename(known)
	g.mu.Lock()
	g.known = known
	g.mu.Unlock()
}

// Apply serves another site.
func (g *Gateway) Apply(s stage.Site) error {
	if err := g.prober.Apply(s); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.site, g.known = s, s.Names
	g.servers = g.members(g.prober.Health())
	return g.reload()
}

// reload gives all instances the site and the members as they are now; g.mu is held.
func (g *Gateway) reload() error {
	for _, i := range g.instances {
		if err := i.reload(g.site, g.servers); err != nil {
			return err
		}
	}
	return nil
}

// lookEvery is the time between two looks at the prober: a member that is judged down leaves at most that much later.
const lookEvery = 100 * time.Millisecond

// watch takes members in and out as the prober judges them.
func (g *Gateway) watch() {
	for tick := time.NewTicker(lookEvery); ; {
		select {
		case <-g.done:
			tick.Stop()
			return
		case at := <-tick.C:
			g.look(at)
		}
	}
}

func (g *Gateway) look(at time.Time) {
	health := g.prober.Health()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.samples = append(g.samples, sampled(at, health))
	servers := g.members(health)
	if reflect.DeepEqual(servers, g.servers) {
		return
	}
	g.servers = servers
	if err := g.reload(); err != nil && g.failed == nil {
		g.failed = err
	}
}

// members are the addresses that take part, by pool: those whose name has one, unless they are down. g.mu is held or g is not shared yet.
func (g *Gateway) members(h gateway.Health) map[string][]string {
	down := map[string]bool{}
	for _, pool := range h.Pools {
		for _, settings := range pool.Settings {
			for _, server := range settings.Servers {
				down[lastOf(pool.Pool.ID)+" "+server.Address] = server.Health == "Down"
			}
		}
	}
	out := map[string][]string{}
	for _, p := range g.site.Pools {
		if g.routed[p.Name] == nil {
			g.routed[p.Name] = map[string]string{}
		}
		for _, m := range p.Members {
			dial, name := g.dial(m, p)
			if dial == "" {
				continue
			}
			if g.routed[p.Name][dial] = name; down[p.Name+" "+m.Name] {
				continue
			}
			out[p.Name] = append(out[p.Name], dial)
		}
	}
	return out
}

// dial is where a member is reached, and what the log calls it; empty: its name has no address.
func (g *Gateway) dial(m stage.Member, p stage.Pool) (dial, name string) {
	if m.Dial != "" {
		return m.Dial, documented(m, p)
	}
	if net.ParseIP(m.Name) != nil {
		return documented(m, p), documented(m, p)
	}
	l := g.names[m.Name]
	if now := time.Now(); now.After(l.until) {
		l = lookup{g.known[m.Name], now.Add(nameTTL)}
		if net.ParseIP(l.addr) == nil {
			l.addr = g.names[m.Name].addr // the last known good one stays in use
		}
		g.names[m.Name] = l
	}
	if l.addr == "" {
		return "", ""
	}
	at := net.JoinHostPort(l.addr, strconv.Itoa(memberPort(p)))
	return at, at
}

// Close stops nginx and leaves the evidence in the directory.
func (g *Gateway) Close() error {
	if g.closed {
		return nil
	}
	g.closed = true
	health := g.prober.Health()
	close(g.done)
	g.wg.Wait()
	g.stop()
	defer os.RemoveAll(g.scratch)
	if g.failed != nil {
		return g.failed
	}
	rows, err := g.rows()
	if err != nil {
		return err
	}
	g.nameMembers(health)
	clock := stretch.Clock{End: time.Now()}
	for i := range rows {
		rows[i] = rows[i].stretched(clock)
	}
	sortRows(rows)
	for i := range g.samples {
		g.samples[i].at = clock.Time(g.samples[i].at)
	}
	return export(g.dir, g.options.Form, g.site, rows, health, g.samples)
}

// nameMembers puts the addresses of the document in place of those that the prober dialled.
func (g *Gateway) nameMembers(h gateway.Health) {
	for _, pool := range h.Pools {
		var pairs []string
		for dial, name := range g.routed[lastOf(pool.Pool.ID)] {
			pairs = append(pairs, dial, name)
		}
		names := strings.NewReplacer(pairs...)
		for _, settings := range pool.Settings {
			for i := range settings.Servers {
				settings.Servers[i].Detail = names.Replace(settings.Servers[i].Detail)
			}
		}
	}
}

func (g *Gateway) stop() {
	var wg sync.WaitGroup
	for _, i := range g.instances {
		wg.Go(i.stop)
	}
	wg.Wait()
	if g.prober != nil {
		g.prober.Close()
	}
}

// rows is the log of all instances in Azure's terms.
func (g *Gateway) rows() ([]Row, error) {
	var out []Row
	for n, i := range g.instances {
		lines, err := readLines(i.config.Dir)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			out = append(out, l.row(translation{
				instance: n, echo: g.options.Echo, routed: g.routed[l.Pool], hosts: g.hosts(), listen: i.config.Listen,
				sources: g.options.Sources.Of(l.ID),
			}))
		}
	}
	return out, nil
}

// hosts is the name that the settings of a pool send on, where they set one.
func (g *Gateway) hosts() map[string]string {
	out := map[string]string{}
	for _, p := range g.site.Pools {
		out[p.Name] = p.Host
	}
	return out
}

// lastOf is the last part of a resource id.
func lastOf(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
