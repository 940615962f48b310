// Package probe asks each member of each pool for its health, as Azure's probes do, and judges the answers. Every
// instance probes for itself.
package probe

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"causeway/internal/backend"
	"causeway/internal/gateway"
)

// Spec is one series of probes: what is sent where, how often, and what passes.
type Spec struct {
	Addr      netip.AddrPort
	Host      string // Host header
	Path      string
	TLS       bool
	SNI       string
	Interval  time.Duration
	Timeout   time.Duration
	Threshold int // consecutive failures that make a member unhealthy
	Match     gateway.Match
	V1        bool // failures are followed up at once

	config *tls.Config
	trust  string // fingerprint of what config trusts
	roots  bool   // roots were uploaded
}

// key is equal for two members under the same settings that are probed alike.
func (s *Spec) key(m *backend.Member) string {
	var b strings.Builder
	for _, part := range []string{
		m.Settings, m.Protocol, s.Addr.String(), s.Host, s.Path, s.SNI, s.trust,
		s.Interval.String(), s.Timeout.String(), s.Match.Body,
	} {
		b.WriteString(part + "\x00")
	}
	for _, r := range s.Match.StatusCodes {
		b.WriteString(strconv.Itoa(r.From) + "-" + strconv.Itoa(r.To) + ",")
	}
	return b.String() + strconv.Itoa(s.Threshold) + strconv.FormatBool(s.V1)
}

// Azure's default probe.
const (
	defaultHost      = "127.0.0.1"
	defaultInterval  = 30 * time.Second
	defaultTimeout   = 30 * time.Second
	defaultThreshold = 3
)

// SpecOf is how a member of a group is probed: by the custom probe of the settings, else by the default probe.
func SpecOf(g *backend.Group, m *backend.Member, v1 bool) Spec {
	s := Spec{
		Addr: m.Addr, Host: settingsHost(g, m), Path: "/", TLS: g.Settings.HTTPS(), Interval: defaultInterval,
		Timeout: defaultTimeout, Threshold: defaultThreshold, V1: v1,
		Match: gateway.Match{StatusCodes: []gateway.StatusRange{{From: 200, To: 399}}},
	}
	if p := g.Probe; p != nil {
		s.custom(p)
	}
	if s.TLS {
		s.SNI = sni(g, m, v1)
		s.config, s.trust, s.roots = g.Trust.Config(s.SNI), g.Trust.Fingerprint(), g.Trust.Roots != nil
	}
	if s.Host == "" {
		s.Host = defaultHost
	}
	return s
}

func (s *Spec) custom(p *gateway.Probe) {
	if p.Host != "" && !p.PickHostFromSettings {
		s.Host = p.Host
	}
	if p.Path != "" {
		s.Path = p.Path
	}
	if p.Port != 0 {
		s.Addr = netip.AddrPortFrom(s.Addr.Addr(), uint16(p.Port))
	}
	s.Interval, s.Timeout = time.Duration(p.Interval)*time.Second, time.Duration(p.Timeout)*time.Second
	s.Threshold = p.UnhealthyThreshold
	if len(p.Match.StatusCodes) > 0 {
		s.Match.StatusCodes = p.Match.StatusCodes
	}
	s.Match.Body = p.Match.Body
}

// settingsHost is the host that the settings yield: their own, or the member's name with pick-from-address.
func settingsHost(g *backend.Group, m *backend.Member) string {
	switch {
	case g.Settings.HostName != "":
		return g.Settings.HostName
	case g.Settings.PickHostFromAddress:
		return m.Name
	}
	return ""
}

// sni is the name sent by probes. v1: the member's FQDN. v2: the custom probe's host, else the settings' host, else the
// member's FQDN. An address is never sent.
func sni(g *backend.Group, m *backend.Member, v1 bool) string {
	names := []string{m.Name}
	if !v1 {
		names = []string{settingsHost(g, m), m.Name}
		if p := g.Probe; p != nil && p.Host != "" && !p.PickHostFromSettings {
			names = []string{p.Host}
		}
	}
	for _, n := range names {
		if n == "" {
			continue
		}
		if h, _, err := net.SplitHostPort(n); err == nil {
			n = h
		}
		if _, err := netip.ParseAddr(n); err == nil {
			return ""
		}
		return n
	}
	return ""
}
