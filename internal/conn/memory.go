package conn

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// Memory is a network inside the process: buffered, with half-close, reset, refusal and silence, and at home in a
// testing/synctest bubble, where everything happens at an exact time. Its zero value is ready.
type Memory struct {
	// Latency is the time that bytes, ends and resets take to the other side. A connection is made after two of them.
	// Set it before the first use.
	Latency time.Duration

	mu     sync.Mutex
	at     map[netip.AddrPort]*memListener
	silent map[netip.AddrPort]bool
	port   uint16 // last one given out
}

const firstPort = 32768

// Listen takes an address; port 0 is any free one.
func (m *Memory) Listen(at netip.AddrPort) (net.Listener, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at.Port() == 0 {
		at = netip.AddrPortFrom(at.Addr(), m.nextPort())
	}
	if m.at[at] != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: net.TCPAddrFromAddrPort(at), Err: syscall.EADDRINUSE}
	}
	if m.at == nil {
		m.at = map[netip.AddrPort]*memListener{}
	}
	l := &memListener{m: m, at: at}
	l.cond.L = &l.mu
	m.at[at] = l
	return l, nil
}

// Blackhole makes an address swallow every attempt to connect, so that a dial lasts until its deadline, or makes it
// behave again.
func (m *Memory) Blackhole(at netip.AddrPort, on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.silent == nil {
		m.silent = map[netip.AddrPort]bool{}
	}
	m.silent[at] = on
}

// Dial connects, as a client in the bubble would.
func (m *Memory) Dial(to netip.AddrPort, deadline time.Time) (net.Conn, error) {
	if !m.travel(to, deadline) {
		return nil, dialOp(to, os.ErrDeadlineExceeded)
	}
	m.mu.Lock()
	l := m.at[to]
	from := netip.AddrPortFrom(loopback(to.Addr()), m.nextPort())
	m.mu.Unlock()
	a, b := memPair(from, to, m.Latency)
	if l == nil || !l.offer(b) {
		return nil, dialOp(to, syscall.ECONNREFUSED)
	}
	return a, nil
}

// travel waits for the answer to an attempt to connect; false is no answer before the deadline.
func (m *Memory) travel(to netip.AddrPort, deadline time.Time) bool {
	m.mu.Lock()
	silent := m.silent[to]
	m.mu.Unlock()
	if silent && deadline.IsZero() {
		select {} // nobody bounds it
	}
	if wait := time.Until(deadline); !deadline.IsZero() && (silent || wait < 2*m.Latency) {
		time.Sleep(wait)
		return false
	}
	time.Sleep(2 * m.Latency)
	return true
}

func (m *Memory) nextPort() uint16 {
	if m.port++; m.port < firstPort {
		m.port = firstPort
	}
	return m.port
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

type memListener struct {
	m      *Memory
	at     netip.AddrPort
	mu     sync.Mutex
	cond   sync.Cond
	queue  []*memConn
	closed bool
}

func (l *memListener) offer(c *memConn) bool {
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
func (l *memListener) Accept() (net.Conn, error) {
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
func (l *memListener) Close() error {
	l.m.mu.Lock()
	if l.m.at[l.at] == l {
		delete(l.m.at, l.at)
	}
	l.m.mu.Unlock()
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

func (l *memListener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }
