package conn

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// At the limit of client connections a new one is worth more than a silent one: a server may close an idle connection at
// any time (RFC 9112 section 9.3), and its client opens another for its next request. So the connection that has been
// silent longest gives way, first those that never sent anything, except for a moment after they have come.

const (
	// grace is how long a new connection has to send something before it counts as silent.
	grace = 250 * time.Millisecond
	// batchPart of the limit gives way at a time, so that looking for the silent costs little for each that is found.
	batchPart = 64
)

// Ranks of the silent; lower gives way first.
const (
	neverSpoke = iota
	idle
	justCame
)

// silentClient is a client connection that waits for its client.
type silentClient[C any] struct {
	conn   C
	rank   int
	silent time.Duration
}

func newSilentClient[C any](c C, spoke bool, silent time.Duration) silentClient[C] {
	return silentClient[C]{c, rankOf(spoke, silent), silent}
}

// givingWay returns those of the silent that give way when a limit needs so many places: the longest silent of the lowest
// rank first. newcomers reports that others are spared because they have just come. It sorts all.
func givingWay[C any](all []silentClient[C], need, limit int) (chosen []silentClient[C], newcomers bool) {
	slices.SortFunc(all, func(a, b silentClient[C]) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.silent, a.silent))
	})
	just := slices.IndexFunc(all, func(q silentClient[C]) bool { return q.rank == justCame })
	return all[:mayGo(len(all), just, need, limit)], just >= 0
}

// rankOf ranks a connection that has been silent for some time.
func rankOf(spoke bool, silent time.Duration) int {
	switch {
	case spoke:
		return idle
	case silent < grace:
		return justCame
	}
	return neverSpoke
}

// mayGo is how many of the silent give way, from the front: need of them, or a batch, and none that has just come, for it
// may be about to send something. just is where the newcomers begin; -1: there are none.
func mayGo(silent, just, need, limit int) int {
	n := min(silent, max(need, limit/batchPart))
	if just < 0 {
		return n
	}
	return min(n, just)
}

// places count an engine's client connections, all of them and by address, under its limit.
type places struct {
	mu      sync.Mutex
	live    int
	clients map[netip.Addr]int // by clientOf; only where there is a limit
	told    time.Time          // when Full was called
}

// share is how many places of a limit one client address may hold. Beyond that its own connections give way.
func share(limit int) int { return limit - limit/4 }

// clientOf is the client that an address counts for: itself, or the network of 64 bits that an IPv6 client has to itself.
func clientOf(a netip.Addr) netip.Addr {
	if a.Is4() || a.Is4In6() {
		return a.Unmap()
	}
	if p, err := a.WithZone("").Prefix(64); err == nil {
		return p.Addr()
	}
	return a
}

// Live is the number of client connections, detached ones not counted.
func (p *places) Live() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live
}

// hold counts one more place for a client address. p.mu is held.
func (p *places) hold(from netip.Addr) {
	if p.clients == nil {
		p.clients = map[netip.Addr]int{}
	}
	p.clients[from]++
}

// release counts one place less for a client address. p.mu is held.
func (p *places) release(from netip.Addr) {
	if p.clients[from]--; p.clients[from] <= 0 {
		delete(p.clients, from)
	}
}

// full reports the shortage, once a minute at most. p.mu is held.
func (p *places) full(o *Options, now time.Time) {
	if p.told.IsZero() || now.Sub(p.told) >= time.Minute {
		p.told = now
		o.Full(o.Limit)
	}
}
