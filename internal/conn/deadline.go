package conn

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// deadlineTimer bounds the waits of one direction of a connection. Setting a deadline only stores it; the runtime's timer is
// armed when an operation really has to wait, and an armed one that is too early is left to fire and then moved. So
// the many operations that find the kernel ready, and the many deadlines that are replaced, cost nothing.
//
// Times are nanoseconds since epoch, by the monotonic clock; 0 is never.
type deadlineTimer struct {
	epoch      time.Time
	setRuntime func(time.Time) error // the runtime's deadline
	eager      bool                  // keep it armed: operations bypass run

	want  atomic.Int64
	halt  atomic.Uint32
	waits atomic.Bool // an operation waits, or is about to: changes must reach the runtime

	mu    sync.Mutex // guards the runtime's deadline; never held across a wait
	armed int64
}

// Reasons to halt.
const (
	running uint32 = iota
	stopped        // by the other direction
	draining
)

var past = time.Unix(1, 0)

func (g *deadlineTimer) set(t time.Time) {
	d := int64(0)
	if !t.IsZero() {
		if d = int64(t.Sub(g.epoch)); d == 0 {
			d = -1
		}
	}
	g.want.Store(d)
	g.changed()
}

// stop makes waiting and later operations fail for a reason, until called with running.
func (g *deadlineTimer) stop(why uint32) {
	g.halt.Store(why)
	g.changed()
}

// changed tells the runtime if somebody waits. An operation sets waits before it looks at what is wanted, so either it
// sees the change or the change sees it.
func (g *deadlineTimer) changed() {
	if !g.eager && !g.waits.Load() {
		return
	}
	g.mu.Lock()
	g.arm(g.eager)
	g.mu.Unlock()
}

// check fails at once if the direction is halted or its deadline has passed.
func (g *deadlineTimer) check() error {
	switch g.halt.Load() {
	case stopped:
		return ErrStopped
	case draining:
		return ErrDraining
	}
	if w := g.want.Load(); w != 0 && int64(time.Since(g.epoch)) >= w {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// run calls try until it is done, through RawConn's Read or Write, which call it again when the socket is ready. try calls
// wait before it reports that it is not done.
func (g *deadlineTimer) run(try func(uintptr) bool, poll func(func(uintptr) bool) error) error {
	for {
		if err := g.check(); err != nil {
			return err
		}
		err := poll(try)
		g.done()
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if err = g.fired(); err != nil {
			return err
		}
	}
}

// wait is called when the kernel is not ready, just before the runtime waits.
func (g *deadlineTimer) wait() {
	g.waits.Store(true)
	g.mu.Lock()
	g.arm(false)
	g.mu.Unlock()
}

// done is called after an operation that may have waited.
func (g *deadlineTimer) done() {
	if g.waits.Load() {
		g.waits.Store(false)
	}
}

// fired judges a deadline of the runtime; nil: it was an old one, try again.
func (g *deadlineTimer) fired() error {
	if err := g.check(); err != nil {
		return err
	}
	g.mu.Lock()
	g.arm(true)
	g.mu.Unlock()
	return nil
}

// arm moves the runtime's deadline to the wanted one, or, if not exact, leaves an earlier one in place. g.mu is held.
func (g *deadlineTimer) arm(exact bool) {
	w := g.want.Load()
	if g.halt.Load() != running {
		w = -1
	}
	if w == g.armed && !exact || !exact && g.armed != 0 && (w == 0 || g.armed < w) {
		return
	}
	g.armed = w
	switch {
	case w == 0:
		g.setRuntime(time.Time{})
	case w < 0:
		g.setRuntime(past)
	default:
		g.setRuntime(g.epoch.Add(time.Duration(w)))
	}
}
