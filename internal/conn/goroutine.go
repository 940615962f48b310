package conn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Goroutines is the portable engine: a goroutine per connection over net.Conn, and one Loop for all of them. Each further
// listener may take one connection more than Limit.
type Goroutines struct {
	Options
	places

	loop    Loop
	network DialFunc
	serial  atomic.Uint64

	less    sync.Cond // a connection has ended, or a server is to
	servers map[*server]struct{}
	short   atomic.Int32 // listeners that wait for a place
}

// NewGoroutines makes the engine on TCP.
func NewGoroutines(setup func(*Loop)) *Goroutines { return NewGoroutinesOver(dialTCP, setup) }

// DialFunc connects to an address; the zero deadline is none.
type DialFunc func(to netip.AddrPort, deadline time.Time) (net.Conn, error)

// NewGoroutinesOver makes the engine on another network, such as one of conntest. Its connections should have CloseWrite and
// SetLinger, as those of TCP do.
func NewGoroutinesOver(network DialFunc, setup func(*Loop)) *Goroutines {
	e := &Goroutines{Options: defaults(), network: network, servers: map[*server]struct{}{}}
	e.less.L = &e.mu
	e.loop.init(e, true)
	if setup != nil {
		setup(&e.loop)
	}
	return e
}

// Serve accepts from ln until Shutdown.
func (e *Goroutines) Serve(ln net.Listener, open Open) Server {
	s := &server{e: e, ln: ln, open: open, live: map[*stream]struct{}{}, quit: make(chan struct{})}
	s.wg.Add(1)
	e.mu.Lock()
	e.servers[s] = struct{}{}
	e.mu.Unlock()
	go s.accept()
	return s
}

// Each runs f on the one Loop.
func (e *Goroutines) Each(f func(*Loop)) { f(&e.loop) }

// Name is EngineGoroutines.
func (e *Goroutines) Name() string { return EngineGoroutines }

// Loops is 0: there are no event loops.
func (e *Goroutines) Loops() int { return 0 }

// Idle is the number of idle connections to members.
func (e *Goroutines) Idle() int { return e.loop.Pool.Len() }

// Stalled is 0: no handler can keep the Loop from other connections.
func (e *Goroutines) Stalled() time.Duration { return 0 }

// Close does nothing: goroutines end with their connections.
func (e *Goroutines) Close() {}

// forget drops a server that has ended.
func (e *Goroutines) forget(s *server) {
	e.mu.Lock()
	delete(e.servers, s)
	e.mu.Unlock()
}

func (e *Goroutines) count(n int) {
	e.mu.Lock()
	e.live += n
	e.mu.Unlock()
	if n < 0 {
		e.less.Broadcast()
	}
}

const (
	keepAlive      = 15 * time.Second // idle before the kernel sends a keep-alive probe, and between two of them
	keepAliveCount = 4                // unanswered, and the connection has failed
)

func dialTCP(to netip.AddrPort, deadline time.Time) (net.Conn, error) {
	d := net.Dialer{Deadline: deadline, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: keepAlive, Interval: keepAlive, Count: keepAliveCount,
	}}
	return d.Dial("tcp", to.String())
}

func (e *Goroutines) dial(to netip.AddrPort, deadline time.Time) (Conn, error) {
	nc, err := e.network(to, deadline)
	if err != nil {
		return nil, dialError(to, err)
	}
	return newStream(nc, e.serial.Add(1)), nil
}

// dialError makes the only timeout without an errno look like every other deadline.
func dialError(to netip.AddrPort, err error) error {
	var errno syscall.Errno
	var timeout net.Error
	if !errors.As(err, &errno) && errors.As(err, &timeout) && timeout.Timeout() {
		err = os.ErrDeadlineExceeded
	}
	return fmt.Errorf("connect to %s: %w", to, err)
}

func (e *Goroutines) do(f func()) { f() }

func (e *Goroutines) yield() { runtime.Gosched() }

func (e *Goroutines) duplex(a, b Conn, ab, ba func() error) (errAB, errBA error) {
	ca, cb := bottom(a).(*stream), bottom(b).(*stream)
	var crashAB, crashBA *crash
	done := make(chan struct{})
	go func() {
		defer close(done)
		if crashAB, errAB = guard(ab); errAB != nil {
			halt(cb, ca, stopped)
		}
	}()
	if crashBA, errBA = guard(ba); errBA != nil {
		halt(ca, cb, stopped)
	}
	<-done
	halt(ca, cb, running)
	halt(cb, ca, running)
	for _, p := range [2]*crash{crashAB, crashBA} {
		if p != nil {
			panic(p)
		}
	}
	return errAB, errBA
}

// halt stops, or sets free, the direction from one connection to the other.
func halt(from, to *stream, why uint32) {
	from.in.stop(why)
	to.out.stop(why)
}

// crash is a panic on its way to the coroutine that waits for it.
type crash struct {
	value any
	stack []byte
}

func (c *crash) Error() string { return fmt.Sprintf("panic: %v", c.value) }

// guard runs f, and turns a panic into an error.
func guard(f func() error) (p *crash, err error) {
	defer func() {
		if v := recover(); v != nil {
			p = &crash{v, debug.Stack()}
			err = p
		}
	}()
	return nil, f()
}

// bottom is the engine's own Conn under the layers of c.
func bottom(c Conn) Conn {
	if s, ok := c.(*secure); ok {
		return s.Conn
	}
	return c
}
