package conn

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// IdlePool keeps the idle connections of a Loop to members, by Key. The zero value is not ready: an engine makes it.
type IdlePool struct {
	shared bool           // several coroutines use it at once
	mu     sync.Mutex     // guards idle where the pool is shared
	idle   map[Key][]Conn // oldest first
	count  atomic.Int64
}

// Key names connections that are interchangeable.
type Key struct {
	Addr netip.AddrPort
	Tag  uint32 // tells apart TLS identities, or settings; 0 is plain
}

const maxIdle = 1024 // idle connections under one Key

// Get returns the idle connection under this key that was put last, is not stale, and is accepted by fit (nil accepts
// all), or nil. It closes those that it passes over. stale is the idle age of the youngest connection among those
// that its peer has closed, or sent something on out of turn, and -1 if there was none.
func (p *IdlePool) Get(key Key, fit func(*Info) bool) (c Conn, stale time.Duration) {
	stale = -1
	for {
		c = p.pop(key)
		if c == nil {
			return nil, stale
		}
		in := c.Info()
		quiet := c.Peer() == PeerIdle
		if quiet && (fit == nil || fit(in)) {
			in.Uses++
			return c, stale
		}
		if !quiet && stale < 0 {
			stale = max(0, time.Since(in.Idle))
		}
		c.Close()
	}
}

// Put keeps a connection on which the last exchange ended cleanly. Beyond 1024 under a key it closes the oldest.
func (p *IdlePool) Put(key Key, c Conn, now time.Time) {
	c.Info().Idle = now
	var oldest Conn
	p.lock()
	q := p.idle[key]
	if len(q) == maxIdle {
		oldest = q[0]
		copy(q, q[1:])
		q = q[:maxIdle-1]
		p.count.Add(-1)
	}
	p.idle[key] = append(q, c)
	p.count.Add(1)
	p.unlock()
	if oldest != nil {
		oldest.Close()
	}
}

// Drop closes the idle connections under a key: their member refused a new one.
func (p *IdlePool) Drop(key Key) {
	p.lock()
	dead := p.idle[key]
	p.count.Add(-int64(len(dead)))
	delete(p.idle, key)
	p.unlock()
	for _, c := range dead {
		c.Close()
	}
}

// Sweep closes the connections that are stale or have been idle since before t. Call it through Engine.Each.
func (p *IdlePool) Sweep(t time.Time) {
	p.lock()
	keys := make([]Key, 0, len(p.idle))
	for k := range p.idle {
		keys = append(keys, k)
	}
	p.unlock()
	for _, k := range keys {
		for _, c := range p.sweep(k, t) {
			c.Close()
		}
	}
}

// Len is the number of idle connections. It is safe from anywhere.
func (p *IdlePool) Len() int { return int(p.count.Load()) }

// pop takes the connection that was put last.
func (p *IdlePool) pop(key Key) Conn {
	p.lock()
	defer p.unlock()
	q := p.idle[key]
	if len(q) == 0 {
		return nil
	}
	c := q[len(q)-1]
	q[len(q)-1] = nil
	p.idle[key] = q[:len(q)-1] // kept when empty, for the next Put
	p.count.Add(-1)
	return c
}

// sweep takes the dead ones of one key out of the pool. Peer does not wait, so sweep may hold the lock over it.
func (p *IdlePool) sweep(key Key, t time.Time) (dead []Conn) {
	p.lock()
	defer p.unlock()
	q := p.idle[key]
	keep := q[:0]
	for _, c := range q {
		if c.Info().Idle.Before(t) || c.Peer() != PeerIdle {
			dead = append(dead, c)
		} else {
			keep = append(keep, c)
		}
	}
	clear(q[len(keep):])
	p.count.Add(-int64(len(dead)))
	if p.idle[key] = keep; len(keep) == 0 {
		delete(p.idle, key)
	}
	return dead
}

func (p *IdlePool) lock() {
	if p.shared {
		p.mu.Lock()
	}
}

func (p *IdlePool) unlock() {
	if p.shared {
		p.mu.Unlock()
	}
}
