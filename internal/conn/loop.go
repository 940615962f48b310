package conn

import (
	"net/netip"
	"sync"
	"time"
)

// Home is where handlers run: an event loop, or, on goroutines, the whole process. A client connection stays on one Home
// from accept to close, and so do the connections to members in its Pool.
type Loop struct {
	App  any      // for the application: scratch, log buffer, counters; see Lock
	Pool IdlePool // idle connections to members

	engine engine
	shared bool       // several coroutines run here at once
	app    sync.Mutex // see Lock
}

// engine is what a Home needs of its engine.
type engine interface {
	dial(to netip.AddrPort, deadline time.Time) (Conn, error)
	duplex(a, b Conn, ab, ba func() error) (error, error)
	do(f func())
	yield()
}

// init makes a Home ready. shared says that several coroutines run on it at once.
func (h *Loop) init(e engine, shared bool) {
	h.engine, h.shared = e, shared
	h.Pool.shared, h.Pool.idle = shared, map[Key][]Conn{}
}

// Dial connects to a resolved address. The error wraps the errno, or os.ErrDeadlineExceeded.
func (h *Loop) Dial(to netip.AddrPort, deadline time.Time) (Conn, error) {
	return h.engine.dial(to, deadline)
}

// Both runs two directions at once and returns when both have ended: ab may only read a and write b, ba only read b and
// write a. When one returns an error, the other is stopped: its waiting and later calls fail with ErrStopped. Afterwards
// a and b work as before. Both does not nest.
func (h *Loop) Duplex(a, b Conn, ab, ba func() error) (errAB, errBA error) {
	return h.engine.duplex(a, b, ab, ba)
}

// Do runs f, which may block on anything, and waits for it without holding up other connections.
func (h *Loop) Do(f func()) { h.engine.do(f) }

// Yield lets other coroutines run.
func (h *Loop) Yield() { h.engine.yield() }

// Lock guards App against the other coroutines of this Home until Unlock. It costs nothing where they run one at a time, as
// on an event loop. Do not wait for anything in between.
func (h *Loop) Lock() {
	if h.shared {
		h.app.Lock()
	}
}

// Unlock is the end of Lock.
func (h *Loop) Unlock() {
	if h.shared {
		h.app.Unlock()
	}
}
