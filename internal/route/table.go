// Package route compiles a configuration into an immutable table that takes a request to its target: port, then
// listener by host, then path rule, then pool under settings or redirect.
package route

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"

	"causeway/internal/backend"
	"causeway/internal/certs"
	"causeway/internal/gateway"
)

// Table is a compiled configuration. It is immutable; a request keeps the one that it began with.
type Table struct {
	Config *gateway.Config
	Set    *backend.Set
	ports  map[string]*Port
	order  []*Port
	listen ListenAddr
}

// Ports are all ports where requests arrive, in the order of the document's listeners.
func (t *Table) Ports() []*Port { return t.order }

// Port returns the port with this key; nil if the configuration has no listener there.
func (t *Table) Port(key string) *Port { return t.ports[key] }

// Port is where the listeners of one frontend IP configuration and port number accept requests.
type Port struct {
	Key      string // address that it listens on
	Frontend string // name of the frontend IP configuration
	Number   int
	HTTPS    bool
	TLS      *tls.Config // with HTTPS: picks certificate and policy by SNI

	exact map[string]*Site
	wild  wildcards
	basic *Site
	sites []*Site // by order
}

// Site is a listener with its rule.
type Site struct {
	Listener *gateway.Listener
	Rule     *gateway.Rule
	order    int  // smaller is tried first
	encoded  bool // paths are matched as received (v1)
	paths    *paths
	fallback *Target // basic rule, or the default of the path map
	policy   certs.Policy
}

// ListenAddr returns the address that a port of a frontend IP configuration is bound to. It must be the same for the same
// arguments.
type ListenAddr func(frontend string, port int) string

// ErrSameAddr is returned when two frontends share a port and have no addresses to tell them apart.
var ErrSameAddr = errors.New("both would be bound at")

// Compile compiles a configuration. certificates holds the key pair of each sslCertificate by its name.
func Compile(c *gateway.Config, set *backend.Set, certificates map[string]*tls.Certificate, listen ListenAddr) (*Table, error) {
	t := &Table{Config: c, Set: set, ports: map[string]*Port{}, listen: listen}
	for order, r := range orderedRules(c) {
		if err := t.add(order, r); err != nil {
			return nil, err
		}
	}
	for _, p := range t.order {
		p.index()
		if p.HTTPS {
			if err := p.secure(c, certificates); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// orderedRules are the rules in the order in which they are tried. v1: as listed. v2: by priority; without priorities
// exact hosts come before wildcards and wildcards before basic listeners, each as listed.
func orderedRules(c *gateway.Config) []*gateway.Rule {
	rules := make([]*gateway.Rule, len(c.Rules))
	for i := range c.Rules {
		rules[i] = &c.Rules[i]
	}
	if c.V1() {
		return rules
	}
	slices.SortStableFunc(rules, func(a, b *gateway.Rule) int {
		if a.Priority != 0 || b.Priority != 0 {
			return cmp.Compare(a.Priority, b.Priority)
		}
		return cmp.Compare(class(c, a), class(c, b))
	})
	return rules
}

// class ranks a rule by its listener: 0 exact hosts, 1 wildcards, 2 basic.
func class(c *gateway.Config, r *gateway.Rule) int {
	l := c.Listener(r.Listener)
	switch {
	case l == nil || len(l.HostNames) == 0:
		return 2
	case slices.ContainsFunc(l.HostNames, isWild):
		return 1
	}
	return 0
}

func isWild(host string) bool { return strings.ContainsAny(host, "*?") }

func (t *Table) add(order int, r *gateway.Rule) error {
	l := t.Config.Listener(r.Listener)
	if l == nil {
		return fmt.Errorf("compile rule %q: listener %q is not defined", r.Name, r.Listener)
	}
	p, err := t.port(l)
	if err != nil {
		return err
	}
	s := &Site{Listener: l, Rule: r, order: order, encoded: t.Config.V1()}
	if m := t.Config.PathMap(r.PathMap); m != nil {
		s.fallback, s.paths = t.target(s, m.Default, ""), t.compilePaths(s, m)
	} else {
		s.fallback = t.target(s, r.Target, "")
	}
	p.sites = append(p.sites, s)
	return nil
}

func (t *Table) port(l *gateway.Listener) (*Port, error) {
	fp := t.Config.FrontendPort(l.FrontendPort)
	if fp == nil {
		return nil, fmt.Errorf("compile listener %q: frontend port %q is not defined", l.Name, l.FrontendPort)
	}
	key := t.listen(l.FrontendIP, fp.Port)
	p := t.ports[key]
	switch {
	case p != nil && !strings.EqualFold(p.Frontend, l.FrontendIP):
		return nil, fmt.Errorf("compile listener %q: frontends %q and %q: %w %s", l.Name, p.Frontend, l.FrontendIP, ErrSameAddr, key)
	case p == nil:
		p = &Port{Key: key, Frontend: l.FrontendIP, Number: fp.Port, HTTPS: l.HTTPS(), exact: map[string]*Site{}, wild: wildcards{}}
		t.ports[key] = p
		t.order = append(t.order, p)
	}
	return p, nil
}

// index prepares the look-up by host. sites are in order, so the first one to claim a host keeps it.
func (p *Port) index() {
	for _, s := range p.sites {
		if len(s.Listener.HostNames) == 0 && p.basic == nil {
			p.basic = s
		}
		for _, h := range s.Listener.HostNames {
			if isWild(h) {
				p.wild.add(h, s)
			} else if h = strings.ToLower(h); p.exact[h] == nil {
				p.exact[h] = s
			}
		}
	}
}

// Site returns the listener that serves a Host (with or without port, in any case), or nil. The one whose rule is
// tried first wins: Azure itself prefers an exact name neither to a wildcard nor to a basic listener.
func (p *Port) Site(host []byte) *Site {
	if len(p.exact) == 0 && len(p.wild) == 0 {
		return p.basic
	}
	var box [256]byte
	name := canonicalHost(box[:0], host)
	best := p.basic
	if s := p.exact[string(name)]; s != nil && (best == nil || s.order < best.order) {
		best = s
	}
	return p.wild.first(name, best)
}

// canonicalHost appends a host in lower case without port and trailing dot.
func canonicalHost(b, host []byte) []byte {
	for i := len(host) - 1; i >= 0 && host[i] != ']'; i-- {
		if host[i] == ':' {
			host = host[:i]
			break
		}
	}
	if n := len(host); n > 0 && host[n-1] == '.' {
		host = host[:n-1]
	}
	for _, c := range host {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// glob matches a host against a pattern in lower case: * stands for any run of characters, dots too, ? for one.
func glob(pattern string, name []byte) bool {
	star, mark := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p, n = p+1, n+1
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
