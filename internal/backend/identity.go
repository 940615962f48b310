package backend

import (
	"crypto/tls"
	"strings"
	"sync"
)

// Identity is the TLS side of a connection to a member: connections of one identity are interchangeable, others are not.
// Plain connections have Tag 0.
type Identity struct {
	Tag    uint32
	Config *tls.Config
}

// identities are kept across configurations, so that unchanged settings keep their connections.
type identities struct {
	mu   sync.RWMutex
	byID map[string]*Identity
	last uint32
}

// maxIdentities bounds the names that clients can make the gateway remember: on v2 the SNI towards a member may be the
// client's own Host.
const maxIdentities = 4096

// Identity returns how connections to m present and check themselves for a request whose Host is host; nil is plain.
func (g *Group) Identity(m *Member, host []byte) *Identity {
	if g.Trust == nil {
		return nil
	}
	var box [256]byte
	key := append(append(box[:0], g.id...), 0)
	key = appendName(key, g, m, host)
	all := &g.d.identities
	all.mu.RLock()
	found := all.byID[string(key)]
	all.mu.RUnlock()
	if found != nil {
		return found
	}
	return all.add(g, string(key))
}

func (x *identities) add(g *Group, key string) *Identity {
	x.mu.Lock()
	defer x.mu.Unlock()
	if found := x.byID[key]; found != nil {
		return found
	}
	if x.byID == nil || len(x.byID) >= maxIdentities {
		x.byID = map[string]*Identity{}
	}
	x.last++
	_, name, _ := strings.Cut(key, "\x00")
	found := &Identity{Tag: x.last, Config: g.Trust.Config(name)}
	x.byID[key] = found
	return found
}

// appendName appends the name that is sent as SNI and checked. v1: the member's FQDN. v2: sniName, else the host name of
// the settings, else with pick-from-address the FQDN, else the client's Host. An IP address is never sent.
func appendName(b []byte, g *Group, m *Member, host []byte) []byte {
	s := g.Settings
	switch {
	case g.Trust.V1:
		return append(b, fqdn(m)...)
	case s.SNIName != "":
		return append(b, s.SNIName...)
	case s.HostName != "":
		return append(b, s.HostName...)
	case s.PickHostFromAddress:
		return append(b, fqdn(m)...)
	}
	return append(b, bareHost(host)...)
}

func fqdn(m *Member) string {
	if isIP(m.Name) {
		return ""
	}
	return m.Name
}

// bareHost is a Host without port; empty if it is an IP address.
func bareHost(host []byte) []byte {
	for i := len(host) - 1; i >= 0 && host[i] != ']'; i-- {
		if host[i] == ':' {
			host = host[:i]
			break
		}
	}
	if len(host) == 0 || host[0] == '[' || isIP(string(host)) {
		return nil
	}
	return host
}

// isIP reports whether a host is an IPv4 or IPv6 address; no name ends with a digit or holds a colon.
func isIP(s string) bool {
	if s == "" {
		return false
	}
	last := s[len(s)-1]
	return last >= '0' && last <= '9' && strings.IndexByte(s, '.') > 0 && !strings.ContainsFunc(s, func(c rune) bool {
		return c != '.' && (c < '0' || c > '9')
	}) || strings.IndexByte(s, ':') >= 0
}
