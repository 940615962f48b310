package conn

import (
	"net/netip"
	"sync"
	"time"
)

// Loop is where handlers run: an event loop, or, on goroutines, the whole process. A client connection stays on one Loop
// from accept to close, and so do the connections to members in its Pool.
type Loop struct {
	App  any      // for the application: scratch, log buffer, counters; see Lock
	Pool IdlePool // idle connections to members

	engine engine
	shared bool       // several coroutines run here at once
	app    sync.Mutex // see Lock
}

// engine is what a Loop needs of its engine.
type engine interface {
	dial(to netip.AddrPort, deadline time.Time) (Conn, error)
	duplex(a, b Conn, ab, ba func() error) (error, error)
	do(f func())
	yield()
}

// init makes a Loop ready. shared says that several coroutines run on it at once.
func (l *Loop) init(e engine, shared bool) {
	l.engine, l.shared = e, shared
	l.Pool.shared, l.Pool.idle = shared, map[Key][]Conn{}
}

// Dial connects to a resolved address. The error wraps the errno, or os.ErrDeadlineExceeded.
func (l *Loop) Dial(to netip.AddrPort, deadline time.Time) (Conn, error) {
	return l.engine.dial(to, deadline)
}

// Duplex runs two directions at once and returns when both have ended: ab may only read a and write b, ba only read b and
// write a. When one returns an error, the other is stopped: its waiting and later calls fail with ErrStopped. Afterwards
// a and b work as before. Duplex does not nest.
func (l *Loop) Duplex(a, b Conn, ab, ba func() error) (errAB, errBA error) {
	return l.engine.duplex(a, b, ab, ba)
}

// Do runs f, which may block on anything, and waits for it without holding up other connections.
func (l *Loop) Do(f func()) { l.engine.do(f) }

// Yield lets other coroutines run.
func (l *Loop) Yield() { l.engine.yield() }

// Lock guards App against the other coroutines of this Loop until Unlock. It costs nothing where they run one at a time, as
// on an event loop. Do not wait for anything in between.
func (l *Loop) Lock() {
	if l.shared {
		l.app.Lock()
	}
}

// Unlock is the end of Lock.
func (l *Loop) Unlock() {
	if l.shared {
		l.app.Unlock()
	}
}
