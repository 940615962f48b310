package conn

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// epollServer is a listener of Epoll at work.
type epollServer struct {
	e        *Epoll
	fd       int // the listening socket
	open     Open
	local    netip.AddrPort
	ports    []*port
	active   sync.WaitGroup // connections whose coroutines have not ended
	draining atomic.Bool    // nothing more is accepted
	leaving  atomic.Bool    // idle connections are woken
	stop     sync.Once
	once     sync.Once

	mu   sync.Mutex // guards fd against Descriptor
	gone bool       // fd is closed
}

// Serve accepts from ln, a TCP listener, until Stop or Shutdown. It closes ln and continues with a descriptor of its own for
// the same socket: while the runtime's poller knows a socket, every new client wakes that too. It panics on a listener
// without a descriptor.
func (e *Epoll) Serve(ln net.Listener, open Open) Server {
	s := &epollServer{e: e, open: open, local: address(ln.Addr()), fd: -1}
	if raw := rawConn(ln); raw != nil {
		raw.Control(func(fd uintptr) { s.fd, _ = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	}
	if s.fd < 0 {
		panic(fmt.Sprintf("conn: no descriptor of %T for an event loop", ln))
	}
	ln.Close()
	setOptions(s.fd) // what it accepts inherits this
	for _, l := range e.loops {
		p := &port{l: l, server: s, tag: e.tag()}
		s.ports = append(s.ports, p)
		l.post(p.watch)
	}
	return s
}

// Stop accepts nothing more. The socket is closed when it returns.
func (s *epollServer) Stop() {
	s.stop.Do(func() {
		s.draining.Store(true)
		s.e.everywhere(func(l *epollLoop) {
			for _, p := range s.ports {
				if p.l == l {
					p.unwatch()
				}
			}
		})
		s.e.drop(s)
		s.mu.Lock()
		unix.Close(s.fd)
		s.gone = true
		s.mu.Unlock()
		s.e.everywhere(func(*epollLoop) {}) // what was moved to another loop is there
	})
}

// Descriptor is one of the listening socket, for another process.
func (s *epollServer) Descriptor() (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return -1, net.ErrClosed
	}
	fd, err := unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 0)
	return fd, os.NewSyscallError("fcntl", err)
}

// clients runs f on every client of the server, on its loop.
func (s *epollServer) clients(f func(*sock)) {
	s.e.everywhere(func(l *epollLoop) {
		for _, c := range l.socks {
			if c != nil && c.server == s {
				f(c)
			}
		}
	})
}

// Shutdown stops accepting and waits for the connections. See Server.
func (s *epollServer) Shutdown(deadline time.Time) {
	s.once.Do(func() {
		s.Stop()
		time.AfterFunc(min(drainGrace, time.Until(deadline)/4), func() {
			s.leaving.Store(true)
			s.clients(func(c *sock) { c.dismiss() })
		})
	})
	done := make(chan struct{})
	go func() { s.active.Wait(); close(done) }()
	t := time.NewTimer(time.Until(deadline))
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
		s.clients(func(c *sock) { c.Reset() })
		<-done
	}
}

// dismiss makes the handler of an idle client read ErrDraining. A request that is arriving is still served.
func (s *sock) dismiss() bool {
	if s.busy {
		return false
	}
	s.drain = true
	s.startHandler()
	return true
}
