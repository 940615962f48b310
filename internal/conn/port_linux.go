package conn

import (
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// port is a listening socket on one loop. It is level-triggered, and exclusive: a new client wakes one loop.
type port struct {
	l      *epollLoop
	server *epollServer
	tag    int32
	pause  time.Duration // after the last failure to accept
	short  int64         // since when, at the earliest, clients in the kernel's queue wait for a place; 0: they do not
	behind int64         // since when no turn has emptied the kernel's queue; 0: the last one did, or another process has
	turned int64         // when the loop last came round and clients waited
}

const (
	acceptMax   = 64 // connections taken before others run
	acceptTurns = 2  // the same, where other processes accept from the socket too
	slack       = 4  // connections that a loop may have more than the least loaded one

	behindLong = 200 * time.Millisecond // from which a queue is no burst: nobody else has the time to empty it either
)

// watch starts to accept connections, or resumes.
func (p *port) watch() {
	l, fd := p.l, p.server.fd
	if p.server.draining.Load() {
		return
	}
	for fd >= len(l.ports) {
		l.ports = append(l.ports, make([]*port, 64)...)
	}
	l.ports[fd] = p
	l.ctl(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN|unix.EPOLLEXCLUSIVE, p.tag)
}

// unwatch pauses. It must remove the registration, which belongs to the socket: another process may have that too.
func (p *port) unwatch() {
	l, fd := p.l, p.server.fd
	if fd < len(l.ports) && l.ports[fd] == p {
		l.ctl(unix.EPOLL_CTL_DEL, fd, 0, 0)
		l.ports[fd] = nil
	}
}

// accept takes clients from the queue. The kernel wakes the first waiter that has nothing to do, always in the same order:
// where processes share the socket, each goes to the end of the line once it has taken some, or the first would get them all.
func (p *port) accept() {
	p.catchUp()
	turn := acceptMax
	if p.l.e.Shared && (p.behind == 0 || clock()-p.behind < int64(behindLong)) {
		turn = acceptTurns
	}
	if p.take(turn) && p.l.e.Shared {
		p.unwatch()
		p.watch()
		if turn == acceptTurns && p.behind != 0 {
			yield()
		}
	}
}

// yield lets another process run first that is ready to. In a burst all of them are, and one that went on until the end of its time
// slice would take a hundred clients before the next takes any.
func yield() { _, _, _ = syscall.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }

// catchUp forgets that a turn has left clients in the queue if the next poll did not report any: another process has taken them.
func (p *port) catchUp() {
	if p.turned != p.l.before && !p.l.crowded {
		p.behind = 0
	}
	p.turned = p.l.now
}

// take takes so many clients at most, and reports whether there was one and the port still listens.
func (p *port) take(most int) (took bool) {
	l := p.l
	for range most {
		if !l.e.reserve() {
			if readable(p.server.fd) {
				p.hold()
				return false
			} // else no client waits
			p.short, p.behind = 0, 0
			return took
		}
		n := uint32(unsafe.Sizeof(l.sa))
		fd, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(p.server.fd),
			uintptr(unsafe.Pointer(&l.sa)), uintptr(unsafe.Pointer(&n)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		if errno != 0 {
			l.e.giveBack()
		}
		switch errno {
		case 0:
			p.pause, took = 0, true
			p.admit(int(fd), sockAddr(&l.sa))
		case unix.EAGAIN:
			p.short, p.behind = 0, 0
			return took
		case unix.EINTR, unix.ECONNABORTED:
		default:
			p.fail(errno)
			return false
		}
	}
	if p.behind == 0 {
		p.behind = clock()
	}
	return took
}

// hold keeps clients that wait for a place in the kernel's queue.
func (p *port) hold() {
	p.unwatch()
	if p.short == 0 {
		p.short = clock()
	}
	p.l.e.await(p)
}

// fail pauses after an accept that failed.
func (p *port) fail(errno syscall.Errno) {
	e := p.l.e
	e.AcceptError(os.NewSyscallError("accept", errno))
	if errno == unix.EMFILE || errno == unix.ENFILE {
		e.relieve()
	}
	p.unwatch()
	p.pause = min(max(2*p.pause, firstPause), lastPause)
	time.AfterFunc(p.pause, func() { p.l.post(p.watch) })
}

// admit gives a new client to the loop that has the fewest, if this one has clearly more.
func (p *port) admit(fd int, from netip.AddrPort) {
	e := p.l.e
	s := &sock{l: e.lightest(p.l), fd: fd, server: p.server, ti: -1, wready: true}
	s.info = Info{
		ID:      e.serial.Add(1),
		Opened:  time.Now(),
		Remote:  from,
		Local:   p.server.local,
		Queued:  p.queued(),
		Backlog: p.backlog(),
	}
	if s.info.Local.Addr().IsUnspecified() {
		s.info.Local = localAddr(fd)
	}
	p.server.active.Add(1)
	s.l.size.Add(1)
	switch {
	case e.enter(s): // the evictor begins it
	case s.l == p.l:
		s.begin()
	default:
		s.l.post(s.begin)
	}
}

// queued is the longest that a client accepted now may have waited for a place.
func (p *port) queued() time.Duration {
	if p.short == 0 {
		return 0
	}
	return time.Duration(clock() - p.short)
}

// backlog is the longest that a client accepted now may have waited because no turn has emptied the kernel's queue.
func (p *port) backlog() time.Duration {
	if p.behind == 0 {
		return 0
	}
	return time.Duration(clock() - p.behind)
}

// lightest is the loop that should have one more client.
func (e *Epoll) lightest(here *epollLoop) *epollLoop {
	to := here
	for _, l := range e.loops {
		if l.size.Load() < to.size.Load()-slack {
			to = l
		}
	}
	return to
}

// begin opens a client's connection. Its handler first runs when the client sends something.
func (s *sock) begin() {
	if s.l.add(s) != nil {
		s.end()
		unix.Close(s.fd)
		return
	}
	s.silentSince, s.busy = s.l.now, true
	if crashed, _ := guard(func() error { s.handle = s.server.open(&s.l.loop, s); return nil }); crashed != nil {
		s.l.e.report(crashed)
		s.handle = nil
	}
	switch s.busy = false; {
	case s.handle == nil:
		s.Reset()
	case s.server.leaving.Load():
		s.dismiss()
	default:
		s.wait()
	}
}
