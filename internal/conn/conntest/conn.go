package conntest

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const bufferSize = 64 << 10 // bytes under way or unread in one direction

// conn is one end of a connection in memory.
type conn struct {
	in, out       *half
	local, remote netip.AddrPort
	abort         atomic.Bool
	closed        atomic.Bool
}

func newPair(a, b netip.AddrPort, latency time.Duration) (*conn, *conn) {
	x, y := newHalf(latency), newHalf(latency)
	x.back, y.back = y, x
	return &conn{in: x, out: y, local: a, remote: b}, &conn{in: y, out: x, local: b, remote: a}
}

func (c *conn) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *conn) Write(p []byte) (int, error) { return c.out.write(p) }
func (c *conn) CloseWrite() error           { c.out.send(event{fin: true}); return nil }

// Observe reports whether the peer has sent something that is unread, and how it has ended, if it has. It consumes nothing.
func (c *conn) Observe() (unread, ended, reset bool) { return c.in.observe() }

// SetLinger with 0 makes Close reset the connection.
func (c *conn) SetLinger(s int) error { c.abort.Store(s == 0); return nil }

// Close resets the connection if input is left unread, as TCP does.
func (c *conn) Close() error {
	if c.closed.Swap(true) {
		return net.ErrClosed
	}
	unread := c.in.leave()
	if unread || c.abort.Load() {
		c.out.send(event{rst: true})
	} else {
		c.out.send(event{fin: true})
	}
	c.out.shut()
	c.SetDeadline(time.Time{}) // stops the timers
	return nil
}

func (c *conn) LocalAddr() net.Addr                { return net.TCPAddrFromAddrPort(c.local) }
func (c *conn) RemoteAddr() net.Addr               { return net.TCPAddrFromAddrPort(c.remote) }
func (c *conn) SetReadDeadline(t time.Time) error  { c.in.limit(&c.in.rd, t); return nil }
func (c *conn) SetWriteDeadline(t time.Time) error { c.out.limit(&c.out.wd, t); return nil }
func (c *conn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// half is one direction: what its writer has sent, and what of it has arrived.
type half struct {
	latency time.Duration
	back    *half // the other direction, for resets

	mu       sync.Mutex
	cond     sync.Cond
	way      []event       // under way, in order
	flying   int           // bytes in way
	b        []byte        // arrived, unread
	fin, rst bool          // arrived
	left     bool          // the reader has closed
	ended    bool          // the writer has ended its side
	gone     bool          // the writer has closed
	refused  syscall.Errno // what a write meets since the writer has been reset
	rd, wd   alarm
}

// event is something that travels.
type event struct {
	at       time.Time
	b        []byte
	fin, rst bool
}

func newHalf(latency time.Duration) *half {
	h := &half{latency: latency}
	h.cond.L = &h.mu
	return h
}

func (h *half) read(p []byte) (int, error) {
	h.arrive()
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.left:
			return 0, net.ErrClosed
		case h.rd.fired:
			return 0, os.ErrDeadlineExceeded
		case len(h.b) > 0:
			n := copy(p, h.b)
			h.b = h.b[n:]
			h.cond.Broadcast()
			return n, nil
		case h.fin:
			return 0, io.EOF
		case h.rst:
			return 0, os.NewSyscallError("read", syscall.ECONNRESET)
		}
		h.cond.Wait()
	}
}

func (h *half) write(p []byte) (n int, err error) {
	for len(p) > 0 {
		k, err := h.room(len(p))
		if err != nil {
			return n, err
		}
		h.send(event{b: append([]byte(nil), p[:k]...)})
		n, p = n+k, p[k:]
	}
	return n, nil
}

// room waits until there is space for some of n bytes.
func (h *half) room(n int) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.gone:
			return 0, net.ErrClosed
		case h.wd.fired:
			return 0, os.ErrDeadlineExceeded
		case h.refused != 0:
			return 0, os.NewSyscallError("write", h.refused)
		case h.ended:
			return 0, os.NewSyscallError("write", syscall.EPIPE)
		}
		if k := min(n, bufferSize-len(h.b)-h.flying); k > 0 {
			return k, nil
		}
		h.cond.Wait()
	}
}

// send puts something on its way.
func (h *half) send(e event) {
	h.mu.Lock()
	if h.ended && !e.rst {
		h.mu.Unlock()
		return
	}
	h.ended = h.ended || e.fin || e.rst
	e.at = time.Now().Add(h.latency)
	h.way = append(h.way, e)
	h.flying += len(e.b)
	h.mu.Unlock()
	if h.latency > 0 {
		time.AfterFunc(h.latency, h.arrive)
		return
	}
	h.arrive()
}

// arrive takes in what is due. Bytes that find their reader gone are answered with a reset.
func (h *half) arrive() {
	refuse, broken := false, syscall.Errno(0)
	h.mu.Lock()
	for now := time.Now(); len(h.way) > 0 && !h.way[0].at.After(now); h.way = h.way[1:] {
		e := h.way[0]
		h.flying -= len(e.b)
		if h.left {
			refuse = refuse || len(e.b) > 0
		} else {
			h.b = append(h.b, e.b...)
		}
		h.fin = h.fin || e.fin && !h.rst
		if e.rst {
			h.rst = true
			if broken = syscall.ECONNRESET; h.fin {
				broken = syscall.EPIPE // as on Linux once the end has been read
			}
		}
	}
	h.cond.Broadcast()
	h.mu.Unlock()
	if refuse {
		h.back.send(event{rst: true})
	}
	if broken != 0 {
		h.back.refuse(broken)
	}
}

// refuse fails writes, and one that waits for space.
func (h *half) refuse(why syscall.Errno) {
	h.mu.Lock()
	h.refused = why
	h.cond.Broadcast()
	h.mu.Unlock()
}

// leave is the reader's close; it reports whether input was left unread.
func (h *half) leave() bool {
	h.arrive()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.left = true
	unread := len(h.b) > 0
	h.b = nil
	h.cond.Broadcast()
	return unread
}

// shut is the writer's close.
func (h *half) shut() {
	h.mu.Lock()
	h.gone = true
	h.cond.Broadcast()
	h.mu.Unlock()
}

func (h *half) observe() (unread, ended, reset bool) {
	h.arrive()
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.b) > 0, h.fin || h.left, h.rst && !h.left
}

// alarm is a deadline of one direction.
type alarm struct {
	t     *time.Timer
	round int // tells an old timer from the one that counts
	fired bool
}

func (h *half) limit(a *alarm, t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a.t != nil {
		a.t.Stop()
		a.t = nil
	}
	a.round++
	a.fired = false
	if !t.IsZero() {
		h.schedule(a, time.Until(t))
	}
	h.cond.Broadcast()
}

func (h *half) schedule(a *alarm, wait time.Duration) {
	if wait <= 0 {
		a.fired = true
		return
	}
	round := a.round
	a.t = time.AfterFunc(wait, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if a.round == round {
			a.fired = true
			h.cond.Broadcast()
		}
	})
}
