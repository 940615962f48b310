package conn

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Goroutines is the portable engine: a goroutine per connection over net.Conn, one Home for all. Set its exported
// fields before the first Serve.
type Goroutines struct {
	// Panic is told of a panic in a turn or a side of Both, with the stack of the strand that panicked. It costs that one
	// connection. The default logs it.
	Panic func(v any, stack []byte)
	// AcceptError is told of a failed accept, after which the listener pauses for 5 ms, doubled up to 1 s. The default
	// logs it.
	AcceptError func(error)
	// Limit is the number of client connections above which silent ones give way to new ones, those first that never said
	// anything, then the longest idle. While nobody is silent, clients wait in the kernel's queue. One client address may
	// hold three quarters of it. Each further listener may take one more. 0 is no limit.
	Limit int
	// Full is called when Limit is reached, once a minute at most. The default logs it.
	Full func(limit int)
	// Evicted is called when so many silent connections were asked to give way.
	Evicted func(n int)
	// Crowded is called when a new connection is closed, because its address holds its share of Limit and none of its
	// connections is silent. Evicted and Crowded are called under a lock: they must not block.
	Crowded func(from netip.Addr)

	home    Home
	network func(to netip.AddrPort, deadline time.Time) (net.Conn, error)
	serial  atomic.Uint64

	mu   sync.Mutex
	less sync.Cond // a connection has ended, or a server is to
	live int
	told time.Time // when Full was

	servers map[*server]struct{}
	clients map[netip.Addr]int // connections of each address, where there is a limit
	short   atomic.Int32       // listeners that wait for room
}

// NewGoroutines makes the engine on TCP.
func NewGoroutines(setup func(*Home)) *Goroutines { return newGoroutines(setup, dialTCP) }

// NewMemory makes the engine on a network in memory.
func NewMemory(m *Memory, setup func(*Home)) *Goroutines { return newGoroutines(setup, m.Dial) }

func newGoroutines(setup func(*Home), network func(netip.AddrPort, time.Time) (net.Conn, error)) *Goroutines {
	e := &Goroutines{
		Panic:       func(v any, stack []byte) { slog.Error("panic in a turn", "value", v, "stack", string(stack)) },
		AcceptError: func(err error) { slog.Error("accept failed", "error", err) },
		Full: func(limit int) {
			slog.Warn("the limit of client connections is reached: silent ones give way to new ones; raise the limit of open files (LimitNOFILE, ulimit -n)", "connections", limit)
		},
		Evicted: func(int) {},
		Crowded: func(netip.Addr) {},
		network: network, servers: map[*server]struct{}{}, clients: map[netip.Addr]int{},
	}
	e.less.L = &e.mu
	e.home.engine, e.home.idle = e, map[Key][]Conn{}
	if setup != nil {
		setup(&e.home)
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

// Each runs f on the one Home.
func (e *Goroutines) Each(f func(*Home)) { f(&e.home) }

// forget drops a server that has ended.
func (e *Goroutines) forget(s *server) {
	e.mu.Lock()
	delete(e.servers, s)
	e.mu.Unlock()
}

// Live is the number of client connections, detached ones not counted.
func (e *Goroutines) Live() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.live
}

func (e *Goroutines) count(n int) {
	e.mu.Lock()
	e.live += n
	e.mu.Unlock()
	if n < 0 {
		e.less.Broadcast()
	}
}

const keepAlive = 15 * time.Second // idle before the kernel asks whether the other end is still there

func dialTCP(to netip.AddrPort, deadline time.Time) (net.Conn, error) {
	d := net.Dialer{Deadline: deadline, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: keepAlive, Interval: keepAlive, Count: 4,
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

// dialError makes the one timeout that has no errno look like every other deadline.
func dialError(to netip.AddrPort, err error) error {
	var errno syscall.Errno
	var timeout net.Error
	if !errors.As(err, &errno) && errors.As(err, &timeout) && timeout.Timeout() {
		err = os.ErrDeadlineExceeded
	}
	return fmt.Errorf("connect to %s: %w", to, err)
}

func (e *Goroutines) do(f func()) { f() }

func (e *Goroutines) both(a, b Conn, ab, ba func() error) (errAB, errBA error) {
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

// crash is a panic carried to the strand that waits for it.
type crash struct {
	value any
	stack []byte
}

func (c *crash) Error() string { return fmt.Sprintf("panic: %v", c.value) }

// guard runs f, and makes an error of a panic.
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
