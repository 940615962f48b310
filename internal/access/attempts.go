package access

import (
	"net/netip"
	"sync"
	"time"
)

// Bounds of wrong attempts. An address is one of IPv4, or a network /64 of IPv6: whoever has one such address has them all.
const (
	attemptsMax    = 10
	attemptsWithin = time.Minute
	addressesMax   = 10_000 // that are remembered
)

// attempts counts the wrong ones of each address.
type attempts struct {
	mu     sync.Mutex
	counts map[netip.Prefix]*count
}

type count struct {
	n     int
	since time.Time
}

func newAttempts() attempts { return attempts{counts: map[netip.Prefix]*count{}} }

// allowed reports whether an address may try.
func (a *attempts) allowed(from netip.Addr, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.counts[network(from)]
	return c == nil || now.Sub(c.since) >= attemptsWithin || c.n < attemptsMax
}

// failed counts a wrong attempt.
func (a *attempts) failed(from netip.Addr, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := network(from)
	c := a.counts[at]
	if c == nil && len(a.counts) >= addressesMax {
		a.forget(now)
	}
	if c == nil || now.Sub(c.since) >= attemptsWithin {
		c = &count{since: now}
		a.counts[at] = c
	}
	c.n++
}

// forget makes room, for many at once: first of those whose time is over, and if that is not enough, of any.
func (a *attempts) forget(now time.Time) {
	for at, c := range a.counts {
		if now.Sub(c.since) >= attemptsWithin {
			delete(a.counts, at)
		}
	}
	for at := range a.counts {
		if len(a.counts) < addressesMax/2 {
			return
		}
		delete(a.counts, at)
	}
}

func network(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 64
	if a.Is4() {
		bits = 32
	}
	p, err := a.Prefix(bits)
	if err != nil { // the zero address, of a unix socket
		return netip.Prefix{}
	}
	return p
}
