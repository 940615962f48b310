// Package conntest is a network in memory, for tests of what runs over package conn: at home in a testing/synctest bubble,
// where everything happens at an exact time.
package conntest

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// Network is a network inside the process: buffered, with half-close, reset, refusal and silence. Its zero value is ready.
// Engines run over it by conn.NewGoroutinesOver and its Dial.
type Network struct {
	// Latency is the time that bytes, ends and resets take to the other side. A connection is made after two of them.
	// Set it before the first use.
	Latency time.Duration

	mu     sync.Mutex
	at     map[netip.AddrPort]*listener
	silent map[netip.AddrPort]bool
	port   uint16 // last one given out
}

const firstPort = 32768

// Listen binds an address; port 0 is any free one.
func (n *Network) Listen(at netip.AddrPort) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if at.Port() == 0 {
		at = netip.AddrPortFrom(at.Addr(), n.nextPort())
	}
	if n.at[at] != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: net.TCPAddrFromAddrPort(at), Err: syscall.EADDRINUSE}
	}
	if n.at == nil {
		n.at = map[netip.AddrPort]*listener{}
	}
	l := &listener{n: n, at: at}
	l.cond.L = &l.mu
	n.at[at] = l
	return l, nil
}

// Blackhole makes an address swallow every attempt to connect, so that a dial lasts until its deadline; with on false it
// undoes that.
func (n *Network) Blackhole(at netip.AddrPort, on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.silent == nil {
		n.silent = map[netip.AddrPort]bool{}
	}
	n.silent[at] = on
}

// Dial connects, as a client in the bubble would; the zero deadline is none.
func (n *Network) Dial(to netip.AddrPort, deadline time.Time) (net.Conn, error) {
	if !n.travel(to, deadline) {
		return nil, dialOp(to, os.ErrDeadlineExceeded)
	}
	n.mu.Lock()
	l := n.at[to]
	from := netip.AddrPortFrom(loopback(to.Addr()), n.nextPort())
	n.mu.Unlock()
	a, b := newPair(from, to, n.Latency)
	if l == nil || !l.offer(b) {
		return nil, dialOp(to, syscall.ECONNREFUSED)
	}
	return a, nil
}

// travel waits for the answer to an attempt to connect; it returns false if none comes before the deadline.
func (n *Network) travel(to netip.AddrPort, deadline time.Time) bool {
	n.mu.Lock()
	silent := n.silent[to]
	n.mu.Unlock()
	if silent && deadline.IsZero() {
		select {} // nobody bounds it
	}
	if wait := time.Until(deadline); !deadline.IsZero() && (silent || wait < 2*n.Latency) {
		time.Sleep(wait)
		return false
	}
	time.Sleep(2 * n.Latency)
	return true
}

func (n *Network) nextPort() uint16 {
	if n.port++; n.port < firstPort {
		n.port = firstPort
	}
	return n.port
}

func loopback(like netip.Addr) netip.Addr {
	if like.Is4() {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv6Loopback()
}

func dialOp(to netip.AddrPort, err error) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: err}
}

type listener struct {
	n      *Network
	at     netip.AddrPort
	mu     sync.Mutex
	cond   sync.Cond
	queue  []*conn
	closed bool
}

func (l *listener) offer(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.queue = append(l.queue, c)
	l.cond.Signal()
	return true
}

// Accept waits for a client.
func (l *listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 && !l.closed {
		l.cond.Wait()
	}
	if l.closed {
		return nil, net.ErrClosed
	}
	c := l.queue[0]
	l.queue = l.queue[1:]
	return c, nil
}

// Close resets the clients that nobody has accepted.
func (l *listener) Close() error {
	l.n.mu.Lock()
	if l.n.at[l.at] == l {
		delete(l.n.at, l.at)
	}
	l.n.mu.Unlock()
	l.mu.Lock()
	l.closed = true
	queue := l.queue
	l.queue = nil
	l.cond.Broadcast()
	l.mu.Unlock()
	for _, c := range queue {
		c.SetLinger(0)
		c.Close()
	}
	return nil
}

func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }
