package backend

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"causeway/internal/certs"
	"causeway/internal/gateway"
	"causeway/internal/resolve"
)

// Directory holds every member that any configuration in force uses, and keeps names resolved. A new configuration
// takes over the members that it shares with the old one, with their health.
type Directory struct {
	watcher *resolve.Watcher
	// Changed is called, without locks, after members were added or removed. Set it before the first Build.
	Changed func()

	mu         sync.Mutex
	names      map[string]*name
	members    map[Key]*Member
	sets       []*Set
	identities identities
}

// name is an FQDN that is kept resolved.
type name struct {
	addrs []netip.Addr
	err   error
	known chan struct{} // closed at the first outcome
	stop  func()
}

// NewDirectory starts without members.
func NewDirectory(lookup resolve.Lookup) *Directory {
	return &Directory{watcher: resolve.NewWatcher(lookup), names: map[string]*name{}, members: map[Key]*Member{}}
}

// Close ends the look-ups.
func (d *Directory) Close() { d.watcher.Close() }

// Set is the groups of one configuration.
type Set struct {
	d      *Directory
	groups map[[2]string]*Group
	order  []*Group
	local  gateway.Local
}

// Group returns the group of a pool under settings; nil if the configuration never pairs them.
func (s *Set) Group(pool, settings string) *Group {
	return s.groups[[2]string{strings.ToLower(pool), strings.ToLower(settings)}]
}

// Groups are in the order in which the rules name them.
func (s *Set) Groups() []*Group { return s.order }

// Build makes the groups that a configuration's rules use. Until Release it lives beside the sets built before.
func (d *Directory) Build(c *gateway.Config, local gateway.Local) (*Set, error) {
	s := &Set{d: d, groups: map[[2]string]*Group{}, local: local}
	for _, t := range targets(c) {
		if err := s.add(c, t); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	d.sets = append(d.sets, s)
	for _, g := range s.order {
		d.watch(s, g)
		d.fill(s, g)
	}
	d.mu.Unlock()
	d.changed()
	return s, nil
}

// targets are the pairs of pool and settings that rules reach.
func targets(c *gateway.Config) []gateway.Target {
	var out []gateway.Target
	add := func(t gateway.Target) {
		if t.Pool != "" && t.Settings != "" {
			out = append(out, t)
		}
	}
	for _, r := range c.Rules {
		add(r.Target)
		if m := c.PathMap(r.PathMap); m != nil {
			add(m.Default)
			for _, p := range m.Rules {
				add(p.Target)
			}
		}
	}
	return out
}

func (s *Set) add(c *gateway.Config, t gateway.Target) error {
	key := [2]string{strings.ToLower(t.Pool), strings.ToLower(t.Settings)}
	if s.groups[key] != nil {
		return nil
	}
	pool, settings := c.Pool(t.Pool), c.Setting(t.Settings)
	if pool == nil || settings == nil {
		return fmt.Errorf("build pool %q under settings %q: the document does not define both", t.Pool, t.Settings)
	}
	g := &Group{
		Pool: pool, Settings: settings, Probe: c.Probe(settings.Probe), d: s.d,
		Timeout: time.Duration(settings.RequestTimeout) * time.Second, Ejects: s.local.PassiveEjection,
	}
	g.all.Store(&[]*Member{})
	g.live.Store(&[]*Member{})
	if settings.HTTPS() {
		trust, err := certs.TrustOf(c, settings)
		if err != nil {
			return fmt.Errorf("build settings %q: %w", settings.Name, err)
		}
		g.Trust, g.id = trust, trust.Fingerprint()
	}
	s.groups[key] = g
	s.order = append(s.order, g)
	return nil
}

// watch makes sure that every name of g is being resolved.
func (d *Directory) watch(s *Set, g *Group) {
	for _, a := range g.Pool.Members {
		host := s.destination(a, g).host
		if host == "" || d.names[host] != nil {
			continue
		}
		n := &name{known: make(chan struct{}), stop: func() {}}
		d.names[host] = n
		n.stop = d.watcher.Watch(host, func(addrs []netip.Addr, err error) { d.resolved(host, n, addrs, err) })
	}
}

// resolved applies the outcome of a look-up.
func (d *Directory) resolved(host string, n *name, addrs []netip.Addr, err error) {
	d.mu.Lock()
	if d.names[host] == n {
		n.report(host, err)
		n.addrs, n.err = slices.Clone(addrs), err
		for _, s := range d.sets {
			for _, g := range s.order {
				d.fill(s, g)
			}
		}
		d.prune()
	}
	select {
	case <-n.known:
	default:
		close(n.known)
	}
	d.mu.Unlock()
	d.changed()
}

// report logs that a name cannot be resolved, and that it can be again.
func (n *name) report(host string, err error) {
	switch {
	case err != nil && n.err == nil:
		slog.Warn("the name of a member cannot be resolved; its last known addresses, if any, stay in use", "name", host, "error", err)
	case err == nil && n.err != nil:
		slog.Info("the name of a member is resolved again", "name", host)
	}
}

// destination is where a member is reached.
type destination struct {
	addr netip.Addr // valid: dial it
	host string     // else: look it up
	port uint16
}

// destination applies the mapping of causeway.yaml to the address that the document gives.
func (s *Set) destination(a gateway.Address, g *Group) destination {
	to := destination{port: uint16(g.Settings.Port)}
	target := a.FQDN
	if target == "" {
		target = a.IP
	}
	if mapped, ok := s.mapped(a, g.Settings.Port); ok {
		target = mapped
		if host, port, err := net.SplitHostPort(mapped); err == nil {
			n, _ := strconv.ParseUint(port, 10, 16)
			target, to.port = host, uint16(n)
		}
	}
	if ip, err := netip.ParseAddr(strings.Trim(target, "[]")); err == nil {
		to.addr = ip.Unmap()
	} else {
		to.host = strings.ToLower(strings.TrimSuffix(target, "."))
	}
	return to
}

// mapped looks a member up in causeway.yaml: with its port first, then without.
func (s *Set) mapped(a gateway.Address, port int) (string, bool) {
	for _, k := range []string{net.JoinHostPort(a.String(), strconv.Itoa(port)), a.String()} {
		for from, to := range s.local.Members {
			if strings.EqualFold(from, k) {
				return to, true
			}
		}
	}
	return "", false
}

// fill sets the members of g from their known addresses.
func (d *Directory) fill(s *Set, g *Group) {
	var all []*Member
	for _, a := range g.Pool.Members {
		to := s.destination(a, g)
		key := Key{Pool: g.Pool.Name, Settings: g.Settings.Name, Name: a.String(), Protocol: g.Settings.Protocol}
		addrs := d.addresses(to)
		if len(addrs) == 0 {
			all = append(all, d.without(key, unresolved(a, d.names[to.host])))
			continue
		}
		for _, ip := range addrs {
			key.Addr = netip.AddrPortFrom(ip, to.port)
			all = append(all, d.member(key, g))
		}
	}
	g.all.Store(&all)
	g.refresh()
}

// addresses are what a destination is known to have.
func (d *Directory) addresses(to destination) []netip.Addr {
	if to.addr.IsValid() {
		return []netip.Addr{to.addr}
	}
	if n := d.names[to.host]; n != nil {
		return n.addrs
	}
	return nil
}

// member returns the member of this key. A new one starts unprobed, unless its name has moved here from addresses that
// were healthy: a changed address is used at once, and probes judge it from there.
func (d *Directory) member(k Key, g *Group) *Member {
	m := d.members[k]
	if m != nil {
		return m
	}
	m = &Member{Key: k}
	d.members[k] = m
	for _, old := range g.Members() {
		if old.Name == k.Name && old.Up() {
			s := old.State()
			s.LastProbe, s.Failures, s.Detail = time.Now(), 0, "The name has a new address, which no probe has judged yet."
			m.set(s)
			break
		}
	}
	return m
}

// without returns the member of a key that has no address, in this state.
func (d *Directory) without(k Key, s State) *Member {
	m := d.members[k]
	if m == nil {
		m = &Member{Key: k}
		d.members[k] = m
	}
	if old := m.State(); old.Detail != s.Detail {
		m.set(s)
	}
	return m
}

// unresolved is the state of a member without address.
func unresolved(a gateway.Address, n *name) State {
	s := State{Reason: "dns_resolution", LastProbe: time.Now()}
	switch {
	case a.FQDN == "" && a.IP == "":
		s.Detail = "The address of the network interface is not in the document: give it under members in causeway.yaml."
	case n == nil || n.err == nil:
		s.Detail = "The FQDN of the member is being resolved."
	default:
		s.Detail = "The gateway could not create a probe: the FQDN of the member could not be resolved (" + n.err.Error() +
			"). Check the name and the DNS servers of this machine, or give its address under members in causeway.yaml."
		s.Probed = true
		if !errors.Is(n.err, resolve.ErrNoAddress) {
			s.Code = "resolver" // the resolver did not say whether the name exists
		}
	}
	return s
}

// Known waits until every name has had a first outcome, or the channel closes.
func (s *Set) Known(stop <-chan struct{}) {
	s.d.mu.Lock()
	var waits []chan struct{}
	for _, n := range s.d.names {
		waits = append(waits, n.known)
	}
	s.d.mu.Unlock()
	for _, w := range waits {
		select {
		case <-w:
		case <-stop:
			return
		}
	}
}

// Release forgets a set, and the members and names that no other set uses.
func (s *Set) Release() {
	d := s.d
	d.mu.Lock()
	d.sets = slices.DeleteFunc(d.sets, func(x *Set) bool { return x == s })
	d.prune()
	d.mu.Unlock()
	d.changed()
}

// prune forgets the members and names that no set uses.
func (d *Directory) prune() {
	members, names := map[Key]bool{}, map[string]bool{}
	for _, s := range d.sets {
		for _, g := range s.order {
			for _, m := range g.Members() {
				members[m.Key] = true
			}
			for _, a := range g.Pool.Members {
				names[s.destination(a, g).host] = true
			}
		}
	}
	maps.DeleteFunc(d.members, func(k Key, _ *Member) bool { return !members[k] })
	for host, n := range d.names {
		if !names[host] {
			n.stop()
			delete(d.names, host)
		}
	}
}

func (d *Directory) changed() {
	if d.Changed != nil {
		d.Changed()
	}
}

// Judge stores what a probe found and updates the groups of the member.
func (d *Directory) Judge(m *Member, s State) (changed bool) {
	if changed = m.set(s); !changed {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, set := range d.sets {
		for _, g := range set.order {
			if slices.Contains(g.Members(), m) {
				g.refresh()
			}
		}
	}
	return true
}

// Health returns the backend-health document of the set.
func (s *Set) Health(c *gateway.Config) gateway.Health {
	doc := gateway.Health{Unserved: c.Unserved}
	for _, p := range c.Pools {
		ph := gateway.PoolHealth{Pool: gateway.Ref{ID: c.ChildID("backendAddressPools", p.Name)}}
		for _, g := range s.order {
			if g.Pool.Name != p.Name {
				continue
			}
			sh := gateway.SettingsHealth{
				Settings: gateway.Ref{ID: c.ChildID("backendHttpSettingsCollection", g.Settings.Name)},
				Servers:  []gateway.ServerHealth{},
			}
			for _, m := range g.Members() {
				sh.Servers = append(sh.Servers, m.health())
			}
			ph.Settings = append(ph.Settings, sh)
		}
		if len(ph.Settings) > 0 {
			doc.Pools = append(doc.Pools, ph)
		}
	}
	return doc
}
