package conn

import (
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sock is a Conn on a loop.
type sock struct {
	l              *epollLoop
	fd             int
	tag            int32         // tells it from others that had the descriptor before
	rready, wready bool          // worth a system call
	hup            bool          // the end or an error is there to be read
	closed         bool          // or detached
	drain          bool          // the next read fails with ErrDraining, if there is nothing to read
	busy           bool          // the handler runs, or is about to
	evicted        bool          // asked to give way
	spoke          bool          // the handler has run and returned true
	broken         syscall.Errno // that Peer took from the kernel, which reports it once
	rf, wf         *coroutine    // what waits to read, and to write
	rd, wd         int64         // deadlines
	when           int64         // of its entry in timers
	ti             int           // index there, -1: none
	server         *epollServer  // of a client; nil: dialled
	handle         func() bool
	top            layer // TLS, or nil

	list          *silentList // where it waits for its client, between these two; nil: it does not
	ahead, behind *sock
	silentSince   int64
	came          int64 // since when, at the earliest, there has been something to read; see arrived

	info Info
}

// Optional interfaces of a Conn that a sock has.
var (
	_ stackable  = (*sock)(nil)
	_ copier     = (*sock)(nil)
	_ spliceable = (*sock)(nil)
	_ asker      = (*sock)(nil)
	_ kernelConn = (*sock)(nil)
	_ offloader  = (*sock)(nil)
)

// tag makes a number that tells apart sockets which have the same descriptor one after the other.
func (e *Epoll) tag() int32 { return int32(e.serial.Add(1)) }

// add registers a socket, edge-triggered, for its whole life. An event comes at once if it is ready already.
func (l *epollLoop) add(s *sock) error {
	s.tag = l.e.tag()
	for s.fd >= len(l.socks) {
		l.socks = append(l.socks, make([]*sock, max(64, len(l.socks)))...)
	}
	if err := l.ctl(unix.EPOLL_CTL_ADD, s.fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP|unix.EPOLLET, s.tag); err != nil {
		s.closed = true
		return os.NewSyscallError("epoll_ctl", err)
	}
	l.socks[s.fd] = s
	return nil
}

// event marks what has become possible, and queues what waits for it.
func (s *sock) event(events uint32) {
	const end, bad = unix.EPOLLRDHUP, unix.EPOLLHUP | unix.EPOLLERR
	if events&(end|bad) != 0 {
		s.hup = true
	}
	if events&(unix.EPOLLIN|end|bad) != 0 {
		if !s.rready {
			s.rready, s.came = true, s.l.earliest
		}
		if s.rf != nil {
			s.l.queue(s.rf)
		} else if s.handle != nil && !s.busy {
			s.heard()
		} else if s.hup && s.isFresh() {
			s.startHandler() // it left: the end of that costs little, and frees a place
		}
	}
	if events&(unix.EPOLLOUT|bad) != 0 {
		s.wready = true
		if s.wf != nil {
			s.l.queue(s.wf)
		}
	}
}

// check is the start of every call that may wait.
func (s *sock) check(deadline int64) (*coroutine, error) {
	f := s.l.current()
	if f.left <= 0 {
		s.l.yield()
	}
	switch {
	case s.closed:
		return f, net.ErrClosed
	case f.stopped:
		return f, ErrStopped
	case s.l.passed(deadline):
		return f, os.ErrDeadlineExceeded
	}
	return f, nil
}

// await parks the coroutine until s may be read, or written. It checks the flag itself, immediately before it parks: a
// caller that checked earlier may have yielded since, and missed the edge.
func (s *sock) await(f *coroutine, write bool) error {
	slot, ready, deadline := &s.rf, s.rready, s.rd
	if write {
		slot, ready, deadline = &s.wf, s.wready, s.wd
	}
	if ready {
		return nil
	}
	if deadline != 0 {
		s.l.arm(s, deadline)
	}
	*slot = f
	f.waitsOn, f.why = s, nil
	f.yield(struct{}{})
	f.waitsOn, *slot = nil, nil
	if s.closed {
		return net.ErrClosed
	}
	return f.why
}

func (s *sock) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	f, err := s.check(s.rd)
	if err != nil {
		return 0, err
	}
	for {
		if s.rready || s.drain {
			n, e := sysRead(uintptr(s.fd), p)
			if e != syscall.EAGAIN {
				return s.got(f, n, len(p), e)
			}
			s.rready = false
		}
		if s.drain {
			return 0, ErrDraining
		}
		if err := s.await(f, false); err != nil {
			return 0, err
		}
	}
}

// got is the end of a read.
func (s *sock) got(f *coroutine, n, size int, e error) (int, error) {
	if e == nil && n > 0 {
		if s.drain {
			s.stays()
		}
		if n < size && !s.hup {
			s.rready = false // it was drained: what comes next raises an edge
		}
		f.left -= n
		return n, nil
	}
	if e == nil && s.broken != 0 {
		e = s.broken
	}
	return 0, readError(n, e)
}

func (s *sock) Write(p []byte) (int, error) { return s.Writev(p, nil) }

func (s *sock) Writev(head, body []byte) (done int, err error) {
	f, err := s.check(s.wd)
	if err != nil {
		return 0, err
	}
	p := [2][]byte{head, body}
	if k := len(head) + len(body); len(head) > 0 && len(body) > 0 && k <= bufSize && s.wready {
		n, e := sysWriteOne(uintptr(s.fd), append(append(s.l.buf[:0], head...), body...))
		switch {
		case e == nil:
			done = s.put(f, &p, n)
		case e != syscall.EAGAIN:
			return 0, os.NewSyscallError("write", e)
		}
	}
	for len(p[0])+len(p[1]) > 0 {
		if !s.wready {
			if err := s.await(f, true); err != nil {
				return done, err
			}
			continue
		}
		n, e := sysWrite(uintptr(s.fd), &p)
		switch {
		case e == nil:
			done += s.put(f, &p, n)
		case e == syscall.EAGAIN:
			s.wready = false
		default:
			return done, os.NewSyscallError("write", e)
		}
	}
	return done, nil
}

// put is the end of a write of n bytes of p. If the kernel took less than it was given it is full, and room raises an edge.
func (s *sock) put(f *coroutine, p *[2][]byte, n int) int {
	f.left -= n
	k := min(n, len(p[0]))
	p[0], p[1] = p[0][k:], p[1][n-k:]
	s.wready = len(p[0])+len(p[1]) == 0
	return n
}

// ask is Ask: on an event loop a write, and the wait of a read.
func (s *sock) ask(head, body []byte) (int, time.Time, error) {
	n, err := s.Writev(head, body)
	at := time.Now()
	if err == nil {
		if f, e := s.check(s.rd); e == nil {
			s.await(f, false) // whatever ends the wait, the next Read meets again
		}
	}
	return n, at, err
}

func (s *sock) SetReadDeadline(t time.Time) {
	s.rd = stamp(t)
	if s.rd != 0 && (s.rf != nil || s.handle != nil && !s.busy) {
		s.l.arm(s, s.rd)
	}
}

func (s *sock) SetWriteDeadline(t time.Time) {
	s.wd = stamp(t)
	if s.wd != 0 && s.wf != nil {
		s.l.arm(s, s.wd)
	}
}

func (s *sock) CloseWrite() error {
	if s.closed {
		return net.ErrClosed
	}
	return os.NewSyscallError("shutdown", unix.Shutdown(s.fd, unix.SHUT_WR))
}

func (s *sock) Close() error {
	if !s.closed {
		s.forget()
		syscall.RawSyscall(unix.SYS_CLOSE, uintptr(s.fd), 0, 0)
	}
	return nil
}

func (s *sock) Reset() error {
	if !s.closed {
		unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	return s.Close()
}

// forget takes s out of its loop. What waits on it fails.
func (s *sock) forget() {
	s.closed = true
	s.l.socks[s.fd] = nil
	ran := s.busy && !s.isFresh() // or is about to
	s.unlist()
	if s.ti >= 0 {
		s.l.timers.remove(s.ti)
	}
	for _, f := range [2]*coroutine{s.rf, s.wf} {
		if f != nil {
			s.l.queue(f)
		}
	}
	if s.server != nil && !ran {
		s.end()
	}
}

// Peer asks the kernel only if the loop knows of an event, or has not polled for a while, or not heard all.
func (s *sock) Peer() PeerState {
	if s.closed {
		return PeerHalfClosed
	}
	if !s.rready && !s.hup && !s.l.more && clock()-s.l.now < int64(turnOver) {
		return PeerIdle
	}
	k := peeker{peer: PeerHalfClosed}
	k.peek(uintptr(s.fd))
	switch {
	case k.errno != 0:
		s.broken = k.errno
	case k.peer == PeerIdle:
		s.rready = s.hup
	}
	return k.peer
}

func (s *sock) Info() *Info     { return &s.info }
func (s *sock) stack(top layer) { s.top = top }

// Detach hands the socket to the runtime's poller.
func (s *sock) Detach() (net.Conn, error) {
	if s.closed {
		return nil, net.ErrClosed
	}
	if err := s.l.ctl(unix.EPOLL_CTL_DEL, s.fd, 0, 0); err != nil {
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	s.forget()
	f := os.NewFile(uintptr(s.fd), "")
	defer f.Close()
	return net.FileConn(f)
}

func (s *sock) kernel() (Kernel, bool) {
	if s.closed {
		return Kernel{}, false
	}
	return kernelOfFD(uintptr(s.fd))
}

// offload runs f without holding up the loop. See Certificate.
func (s *sock) offload(f func()) {
	s.l.offloads++
	defer func() { s.l.offloads-- }()
	s.l.do(f)
}

func (s *sock) hungUp() bool { return s.hup }

// arrived is Arrived. What came before the first poll may have come before the accept.
func (s *sock) arrived() time.Time {
	switch {
	case s.came == 0:
		return time.Time{}
	case s.came <= stamp(s.info.Opened):
		return s.info.Opened.Add(-s.info.Backlog)
	}
	return epoch.Add(time.Duration(s.came))
}

// firstByte is FirstByte.
func (s *sock) firstByte() (b byte, ok bool) {
	if s.closed {
		return 0, false
	}
	n, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(&b)), 1,
		unix.MSG_PEEK|unix.MSG_DONTWAIT, 0, 0)
	return b, e == 0 && n == 1
}
