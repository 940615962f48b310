package conn

import (
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rawConn returns the descriptor under nc if that is a socket.
func rawConn(nc any) syscall.RawConn {
	if sc, ok := nc.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			return raw
		}
	}
	return nil
}

// System calls on sockets that never wait bypass the scheduler's bookkeeping. With it the runtime's monitor mistakes a call
// of a few microseconds for one that blocks, gives the processor to another thread, and stays awake to do so again:
// measured, that is a sixth of the cost of a request.

func sysRead(fd uintptr, p []byte) (int, error) {
	for {
		n, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
		if e == 0 {
			return int(n), nil
		}
		if e != unix.EINTR {
			return 0, e
		}
	}
}

// sysWrite sends from both parts in one call, as much as the kernel takes.
func sysWrite(fd uintptr, p *[2][]byte) (int, error) {
	switch {
	case len(p[1]) == 0:
		return sysWriteOne(fd, p[0])
	case len(p[0]) == 0:
		return sysWriteOne(fd, p[1])
	}
	for {
		n, err := writev(fd, p)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// sysWriteOne sends from p what the kernel takes. Like sysRead it uses the call for sockets, which is cheaper than the one
// that goes through the layer of files.
func sysWriteOne(fd uintptr, p []byte) (int, error) {
	for {
		n, _, e := syscall.RawSyscall6(unix.SYS_SENDTO, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
		if e == 0 {
			return int(n), nil
		}
		if e != unix.EINTR {
			return 0, e
		}
	}
}

func writev(fd uintptr, p *[2][]byte) (int, error) {
	v := [2]unix.Iovec{{Base: &p[0][0]}, {Base: &p[1][0]}}
	v[0].SetLen(len(p[0]))
	v[1].SetLen(len(p[1]))
	n, _, e := syscall.RawSyscall(unix.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&v)), uintptr(len(v)))
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}

// peeker peeks at a socket without an allocation.
type peeker struct {
	f     func(fd uintptr)
	peer  PeerState
	errno syscall.Errno
}

var peekers = sync.Pool{New: func() any {
	l := new(peeker)
	l.f = l.peek
	return l
}}

// peek returns what the peer of a socket has done; errno is what the kernel reported of it, and will not report again.
func peek(raw syscall.RawConn) (PeerState, syscall.Errno) {
	l := peekers.Get().(*peeker)
	defer peekers.Put(l)
	l.peer, l.errno = PeerHalfClosed, 0
	if raw.Control(l.f) != nil {
		return PeerHalfClosed, 0
	}
	return l.peer, l.errno
}

func (l *peeker) peek(fd uintptr) {
	var b [1]byte
	n, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b)), 1, unix.MSG_PEEK|unix.MSG_DONTWAIT, 0, 0)
	switch {
	case e == unix.EAGAIN, e == unix.EINTR:
		l.peer = PeerIdle
	case e != 0:
		l.peer, l.errno = PeerReset, e
	case n > 0:
		l.peer = PeerReadable
	case hungUp(fd):
		l.peer = PeerReset
	}
}

// readable reports whether a socket has something to read, or a listening one a client to accept.
func readable(fd int) bool { return polled(uintptr(fd), unix.POLLIN)&unix.POLLIN != 0 }

// hungUp reports whether both directions have ended: after the peer's end a read shows no more, not even a reset.
func hungUp(fd uintptr) bool { return polled(fd, 0)&(unix.POLLHUP|unix.POLLERR) != 0 }

// polled returns which of the events a descriptor is ready for now; ends and errors are always included.
func polled(fd uintptr, events int16) int16 {
	p := unix.PollFd{Fd: int32(fd), Events: events}
	var now unix.Timespec
	n, _, e := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	if e != 0 || n == 0 {
		return 0
	}
	return p.Revents
}
