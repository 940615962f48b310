// Package resolve looks names up in the background, honours their TTL, and keeps the last known good addresses when a
// lookup fails.
package resolve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// ErrNoAddress is the reason when a name exists and has no address, or does not exist.
var ErrNoAddress = errors.New("the name has no address")

// Bounds of the time between two lookups of a name.
const (
	MinTTL     = time.Second
	MaxTTL     = 5 * time.Minute
	RetryAfter = 5 * time.Second // after a failure
	hostsTTL   = 30 * time.Second
)

// Answer is the outcome of one lookup.
type Answer struct {
	Addrs []netip.Addr
	TTL   time.Duration // how long it may be used, between MinTTL and MaxTTL
}

// Lookup is how a Watcher asks.
type Lookup func(ctx context.Context, name string) (Answer, error)

// Resolver asks DNS servers, after the hosts file, and keeps the TTL that the system's resolver hides.
type Resolver struct {
	Servers []string // host:port, asked in order
	Hosts   string   // hosts file; empty: none
	Timeout time.Duration
}

// System is the resolver that /etc/resolv.conf and /etc/hosts describe.
func System() *Resolver {
	r := &Resolver{Hosts: "/etc/hosts", Timeout: 2 * time.Second}
	if c, err := dns.ClientConfigFromFile("/etc/resolv.conf"); err == nil {
		for _, s := range c.Servers {
			r.Servers = append(r.Servers, net.JoinHostPort(s, c.Port))
		}
	}
	return r
}

// Lookup returns the IPv4 addresses of name, else its IPv6 addresses. It asks for the latter also where a server says that
// the name does not exist: some say so of any name without IPv4 addresses, against RFC 8020.
func (r *Resolver) Lookup(ctx context.Context, name string) (Answer, error) {
	if a := r.fromHosts(name); len(a) > 0 {
		return Answer{Addrs: a, TTL: hostsTTL}, nil
	}
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		a, err := r.ask(ctx, name, qtype)
		if err != nil && !errors.Is(err, ErrNoAddress) { // a failure is no sign that there is no IPv4 address
			return Answer{}, fmt.Errorf("look up %s: %w", name, err)
		}
		if len(a.Addrs) > 0 {
			return a, nil
		}
	}
	return Answer{}, fmt.Errorf("look up %s: %w", name, ErrNoAddress)
}

// ask puts one question to the servers, in order, until one answers.
func (r *Resolver) ask(ctx context.Context, name string, qtype uint16) (Answer, error) {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), qtype)
	if len(r.Servers) == 0 {
		return Answer{}, errors.New("no DNS server is configured")
	}
	var failed error
	for _, server := range r.Servers {
		m, err := r.exchange(ctx, q, server)
		if err != nil {
			failed = err
			continue
		}
		switch m.Rcode {
		case dns.RcodeSuccess:
			return answerOf(m), nil
		case dns.RcodeNameError:
			return Answer{}, ErrNoAddress
		}
		failed = fmt.Errorf("%s answered %s", server, dns.RcodeToString[m.Rcode])
	}
	return Answer{}, failed
}

// exchange asks over UDP and, when the answer does not fit, over TCP.
func (r *Resolver) exchange(ctx context.Context, q *dns.Msg, server string) (*dns.Msg, error) {
	c := dns.Client{Timeout: r.Timeout}
	m, _, err := c.ExchangeContext(ctx, q, server)
	if err == nil && m.Truncated {
		c.Net = "tcp"
		m, _, err = c.ExchangeContext(ctx, q, server)
	}
	return m, err
}

// answerOf takes the addresses of m; the chain of names lives as long as its shortest record.
func answerOf(m *dns.Msg) Answer {
	a := Answer{TTL: MaxTTL}
	for _, rr := range m.Answer {
		a.TTL = min(a.TTL, time.Duration(rr.Header().Ttl)*time.Second)
		switch rr := rr.(type) {
		case *dns.A:
			if ip, ok := netip.AddrFromSlice(rr.A); ok {
				a.Addrs = append(a.Addrs, ip.Unmap())
			}
		case *dns.AAAA:
			if ip, ok := netip.AddrFromSlice(rr.AAAA); ok {
				a.Addrs = append(a.Addrs, ip)
			}
		}
	}
	a.TTL = max(a.TTL, MinTTL)
	return a
}

// fromHosts reads the hosts file anew: it is small, and asked once in a TTL.
func (r *Resolver) fromHosts(name string) (v4 []netip.Addr) {
	if r.Hosts == "" {
		return nil
	}
	f, err := os.Open(r.Hosts)
	if err != nil {
		return nil
	}
	defer f.Close()
	var v6 []netip.Addr
	for s := bufio.NewScanner(f); s.Scan(); {
		line, _, _ := strings.Cut(s.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) < 2 || !hasName(fields[1:], name) {
			continue
		}
		if ip, err := netip.ParseAddr(fields[0]); err == nil && ip.Is4() {
			v4 = append(v4, ip)
		} else if err == nil {
			v6 = append(v6, ip)
		}
	}
	if len(v4) == 0 {
		return v6
	}
	return v4
}

func hasName(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(strings.TrimSuffix(n, "."), strings.TrimSuffix(name, ".")) {
			return true
		}
	}
	return false
}
