package conn

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// stream is a Conn over a net.Conn. On a socket it makes the system calls itself, through the runtime's poller.
type stream struct {
	net.Conn
	raw    syscall.RawConn // nil: not a socket
	server *server         // nil: dialled
	top    layer           // TLS, or nil
	info   Info
	gone   atomic.Bool   // closed or detached
	broken atomic.Uint32 // errno that Peer has met: the kernel reports it once
	in     reader
	out    writer

	mu      sync.Mutex // guards what follows against Shutdown and eviction
	idle    bool       // waits for its client
	spoke   bool       // the handler has run and returned true; only serve writes it
	evicted bool       // asked to give way while idle
	since   time.Time  // of the wait; accepted, at first
}

// reader is the state of reading.
type reader struct {
	deadlineTimer
	p    []byte // where the call under way reads to
	n    int
	err  error
	try  func(fd uintptr) bool // bound once: a closure in each call would be allocated
	peek func(fd uintptr) bool // as try, into a pooled buffer

	ask   func(fd uintptr) bool // see Ask
	asked time.Time             // when the request was out; zero: not yet

	box   *[aheadSize]byte
	ahead []byte      // of box, read before the handler ran
	kept  atomic.Bool // ahead is not empty
	met   error       // what the wait for the client met instead
}

// writer is the state of writing.
type writer struct {
	deadlineTimer
	p   [2][]byte // what the call under way still has to send
	n   int
	err error
	try func(fd uintptr) bool
}

const aheadSize = 4 << 10

var aheads = sync.Pool{New: func() any { return new([aheadSize]byte) }}

func newStream(nc net.Conn, id uint64) *stream {
	now := time.Now()
	c := &stream{Conn: nc, info: Info{ID: id, Opened: now, Local: address(nc.LocalAddr()), Remote: address(nc.RemoteAddr())}}
	c.in.epoch, c.in.setRuntime = now, nc.SetReadDeadline
	c.out.epoch, c.out.setRuntime = now, nc.SetWriteDeadline
	c.raw = rawConn(nc)
	c.in.eager, c.out.eager = c.raw == nil, c.raw == nil
	c.in.try, c.in.peek, c.in.ask, c.out.try = c.tryRead, c.tryAhead, c.tryAsk, c.tryWrite
	return c
}

func address(a net.Addr) netip.AddrPort {
	if t, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
		p := t.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
	}
	return netip.AddrPort{}
}

func (c *stream) Info() *Info                  { return &c.info }
func (c *stream) stack(top layer)              { c.top = top }
func (c *stream) SetReadDeadline(t time.Time)  { c.in.set(t) }
func (c *stream) SetWriteDeadline(t time.Time) { c.out.set(t) }

func (c *stream) Read(p []byte) (int, error) {
	r := &c.in
	if len(r.ahead) > 0 {
		n := copy(p, r.ahead)
		if r.ahead = r.ahead[n:]; len(r.ahead) == 0 {
			aheads.Put(r.box)
			r.box, r.ahead = nil, nil
			r.kept.Store(false)
		}
		return n, nil
	}
	if r.met != nil {
		err := r.met
		if err == os.ErrDeadlineExceeded {
			r.met = nil
		}
		return 0, err
	}
	if c.raw == nil {
		return c.readConn(p)
	}
	if len(p) == 0 {
		return 0, nil
	}
	r.p = p
	err := r.run(r.try, c.raw.Read)
	r.p = nil
	if err == nil {
		err = r.err
	}
	if err != nil {
		return 0, c.failed(err)
	}
	return r.n, nil
}

// readConn reads from what is not a socket.
func (c *stream) readConn(p []byte) (int, error) {
	for {
		if err := c.in.check(); err != nil {
			return 0, err
		}
		n, err := c.Conn.Read(p)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if err = c.in.fired(); err == nil {
				continue
			}
		}
		return n, err
	}
}

// failed gives back an errno that Peer took from the kernel.
func (c *stream) failed(err error) error {
	if err == io.EOF {
		if e := c.broken.Load(); e != 0 {
			return os.NewSyscallError("read", syscall.Errno(e))
		}
	}
	return err
}

func (c *stream) tryRead(fd uintptr) bool {
	r := &c.in
	n, err := sysRead(fd, r.p)
	if err == syscall.EAGAIN {
		r.wait()
		return false
	}
	r.n, r.err = n, readError(n, err)
	return true
}

// tryAhead takes a buffer only for as long as there is something in it.
func (c *stream) tryAhead(fd uintptr) bool {
	r := &c.in
	b := aheads.Get().(*[aheadSize]byte)
	n, err := sysRead(fd, b[:])
	if n > 0 {
		r.keep(b, n)
		r.err = nil
		return true
	}
	aheads.Put(b)
	if err == syscall.EAGAIN {
		r.wait()
		return false
	}
	r.err = readError(n, err)
	return true
}

func (r *reader) keep(b *[aheadSize]byte, n int) {
	r.box, r.ahead = b, b[:n]
	r.kept.Store(true)
}

func readError(n int, err error) error {
	switch {
	case err != nil:
		return os.NewSyscallError("read", err)
	case n == 0:
		return io.EOF
	}
	return nil
}

// await waits until there is something to read from the client; on a socket it holds no buffer meanwhile. The read itself
// is the test: the poller wants a try before it waits, so what that reads is kept for the handler.
func (c *stream) await() {
	r := &c.in
	c.mu.Lock()
	c.idle, c.evicted = true, false
	if c.spoke {
		c.since = time.Now()
	}
	if c.server.leaving.Load() {
		r.stop(draining)
	}
	c.mu.Unlock()
	c.server.e.wake()
	r.met = c.readAhead()
	if r.met == ErrDraining && c.Peer() == PeerReadable { // a request that was on its way is still served
		r.stop(running)
		r.met = c.readAhead()
	}
	c.mu.Lock()
	c.idle = false
	if r.met == nil {
		r.stop(running)
	}
	c.mu.Unlock()
}

func (c *stream) readAhead() error {
	r := &c.in
	if c.raw != nil {
		if err := r.run(r.peek, c.raw.Read); err != nil {
			return err
		}
		return c.failed(r.err)
	}
	b := aheads.Get().(*[aheadSize]byte)
	n, err := c.readConn(b[:])
	if n > 0 {
		r.keep(b, n)
		return nil
	}
	aheads.Put(b)
	return err
}

// drain wakes the connection if it waits for its client.
func (c *stream) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle {
		c.in.stop(draining)
	}
}

func (c *stream) Write(p []byte) (int, error) { return c.Writev(p, nil) }

func (c *stream) Writev(head, body []byte) (int, error) {
	w := &c.out
	if c.raw == nil {
		n, err := c.writeConn(head)
		if err == nil && len(body) > 0 {
			var k int
			k, err = c.writeConn(body)
			n += k
		}
		return n, err
	}
	w.p, w.n, w.err = [2][]byte{head, body}, 0, nil
	err := w.run(w.try, c.raw.Write)
	w.p = [2][]byte{}
	if err == nil {
		err = w.err
	}
	return w.n, err
}

func (c *stream) writeConn(p []byte) (done int, err error) {
	for {
		if err = c.out.check(); err != nil {
			return done, err
		}
		n, err := c.Conn.Write(p[done:])
		done += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if err = c.out.fired(); err == nil {
				continue
			}
		}
		return done, err
	}
}

func (c *stream) tryWrite(fd uintptr) bool {
	w := &c.out
	for w.left() > 0 {
		n, err := sysWrite(fd, &w.p)
		if err == syscall.EAGAIN {
			w.wait()
			return false
		}
		if err != nil {
			w.err = os.NewSyscallError("write", err)
			return true
		}
		w.sent(n)
	}
	return true
}

func (c *stream) CloseWrite() error {
	if t, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return errors.ErrUnsupported
}

func (c *stream) Close() error {
	if c.gone.Swap(true) {
		return nil
	}
	return c.Conn.Close()
}

func (c *stream) Reset() error {
	if c.gone.Swap(true) {
		return nil
	}
	if t, ok := c.Conn.(interface{ SetLinger(int) error }); ok {
		t.SetLinger(0)
	}
	return c.Conn.Close()
}

func (c *stream) Peer() PeerState {
	if c.in.kept.Load() {
		return PeerReadable
	}
	if o, ok := c.Conn.(observer); ok {
		return observe(o)
	}
	if c.gone.Load() {
		return PeerHalfClosed
	}
	if c.raw == nil {
		return PeerIdle
	}
	p, errno := peek(c.raw)
	if errno != 0 {
		c.broken.CompareAndSwap(0, uint32(errno))
	}
	return p
}

// observer is a net.Conn that is no socket and still knows what its peer has done.
type observer interface {
	Observe() (unread, ended, reset bool)
}

func observe(o observer) PeerState {
	switch unread, ended, reset := o.Observe(); {
	case unread:
		return PeerReadable
	case reset:
		return PeerReset
	case ended:
		return PeerHalfClosed
	}
	return PeerIdle
}

func (c *stream) Detach() (net.Conn, error) {
	if c.gone.Swap(true) {
		return nil, net.ErrClosed
	}
	c.Conn.SetDeadline(time.Time{})
	if len(c.in.ahead) > 0 {
		return &aheadConn{c.Conn, c.in.ahead}, nil
	}
	return c.Conn, nil
}

// aheadConn is a detached connection with bytes that were read before.
type aheadConn struct {
	net.Conn
	p []byte
}

func (c *aheadConn) Read(p []byte) (int, error) {
	if len(c.p) > 0 {
		n := copy(p, c.p)
		c.p = c.p[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

func (c *aheadConn) CloseWrite() error {
	if t, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return errors.ErrUnsupported
}
