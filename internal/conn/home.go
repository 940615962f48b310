package conn

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Home is where a handler runs: an event loop, or, on the other engines, the whole process. Client connections live and
// die on one Home, and so do the backend connections they use.
type Home struct {
	App any // for the application: scratch, log buffer, counters; see Lock

	engine engine
	shared bool           // several strands run here at once
	app    sync.Mutex     // see Lock
	mu     sync.Mutex     // guards idle where the Home is shared
	idle   map[Key][]Conn // oldest first
	count  atomic.Int64
}

// Key names connections that may stand for each other.
type Key struct {
	Addr netip.AddrPort
	Tag  uint32 // tells apart TLS identities, or settings; 0 is plain
}

// engine is what a Home needs of its engine.
type engine interface {
	dial(to netip.AddrPort, deadline time.Time) (Conn, error)
	both(a, b Conn, ab, ba func() error) (error, error)
	do(f func())
	yield()
}

const maxIdle = 1024 // connections idle under one Key

// Dial connects to a resolved address. The error wraps the errno, or os.ErrDeadlineExceeded.
func (h *Home) Dial(to netip.AddrPort, deadline time.Time) (Conn, error) {
	return h.engine.dial(to, deadline)
}

// Both runs two directions at once and returns when both have ended: ab may only read a and write b, ba only read b and
// write a. When one returns an error, the other is stopped: its waiting and later calls fail with ErrStopped. Afterwards
// a and b work as before. Both does not nest.
func (h *Home) Both(a, b Conn, ab, ba func() error) (errAB, errBA error) {
	return h.engine.both(a, b, ab, ba)
}

// Do runs f, which may block on anything, and waits for it without holding up other connections.
func (h *Home) Do(f func()) { h.engine.do(f) }

// Yield lets other strands run.
func (h *Home) Yield() { h.engine.yield() }

// Lock guards App against the other strands of this Home until Unlock. It costs nothing where strands take turns, as on
// an event loop. Do not wait for anything in between.
func (h *Home) Lock() {
	if h.shared {
		h.app.Lock()
	}
}

// Unlock is the end of Lock.
func (h *Home) Unlock() {
	if h.shared {
		h.app.Unlock()
	}
}

func (h *Home) lockPool() {
	if h.shared {
		h.mu.Lock()
	}
}

func (h *Home) unlockPool() {
	if h.shared {
		h.mu.Unlock()
	}
}

// Take returns the idle connection to this key that was used last, is not stale, and is accepted by fit (nil accepts
// all), or nil. What it passes over on the way it closes. stale is the idle age of the youngest connection among those
// that turned out to be closed by their peer (or to have been spoken on out of turn), and -1 if there was none.
func (h *Home) Take(key Key, fit func(*Info) bool) (c Conn, stale time.Duration) {
	stale = -1
	for {
		c = h.pop(key)
		if c == nil {
			return nil, stale
		}
		in := c.Info()
		quiet := c.Peer() == Quiet
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

// Give keeps a connection on which the last exchange ended cleanly. Beyond 1024 to a key the oldest is closed.
func (h *Home) Give(key Key, c Conn, now time.Time) {
	c.Info().Idle = now
	var oldest Conn
	h.lockPool()
	q := h.idle[key]
	if len(q) == maxIdle {
		oldest = q[0]
		copy(q, q[1:])
		q = q[:maxIdle-1]
		h.count.Add(-1)
	}
	h.idle[key] = append(q, c)
	h.count.Add(1)
	h.unlockPool()
	if oldest != nil {
		oldest.Close()
	}
}

// Purge closes the idle connections to a key: its member refused a new one.
func (h *Home) Purge(key Key) {
	h.lockPool()
	dead := h.idle[key]
	h.count.Add(-int64(len(dead)))
	delete(h.idle, key)
	h.unlockPool()
	for _, c := range dead {
		c.Close()
	}
}

// Sweep closes the connections that are stale or have idled since before t. Call it through Engine.Each.
func (h *Home) Sweep(t time.Time) {
	h.lockPool()
	keys := make([]Key, 0, len(h.idle))
	for k := range h.idle {
		keys = append(keys, k)
	}
	h.unlockPool()
	for _, k := range keys {
		for _, c := range h.sweep(k, t) {
			c.Close()
		}
	}
}

// Idle is the number of idle connections. It may be asked from anywhere.
func (h *Home) Idle() int { return int(h.count.Load()) }

// pop takes the connection that was given last.
func (h *Home) pop(key Key) Conn {
	h.lockPool()
	defer h.unlockPool()
	q := h.idle[key]
	if len(q) == 0 {
		return nil
	}
	c := q[len(q)-1]
	q[len(q)-1] = nil
	h.idle[key] = q[:len(q)-1] // kept when empty, for the next Give
	h.count.Add(-1)
	return c
}

// sweep takes the dead ones of one key out of the pool. Peer does not wait, so the lock is held over it.
func (h *Home) sweep(key Key, t time.Time) (dead []Conn) {
	h.lockPool()
	defer h.unlockPool()
	q := h.idle[key]
	keep := q[:0]
	for _, c := range q {
		if c.Info().Idle.Before(t) || c.Peer() != Quiet {
			dead = append(dead, c)
		} else {
			keep = append(keep, c)
		}
	}
	clear(q[len(keep):])
	h.count.Add(-int64(len(dead)))
	if h.idle[key] = keep; len(keep) == 0 {
		delete(h.idle, key)
	}
	return dead
}
