package conn

import (
	"errors"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Descriptor returns a descriptor of a listener's socket, which the caller closes. The socket stays as it is: not blocking.
func Descriptor(ln net.Listener) (int, error) {
	s, ok := ln.(syscall.Conn)
	if !ok {
		return -1, errors.ErrUnsupported
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	if bad := raw.Control(func(own uintptr) { fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) }); bad != nil {
		return -1, bad
	}
	return fd, os.NewSyscallError("fcntl", err)
}

// Listener makes a listener of a descriptor of a listening socket, which stays the caller's.
func Listener(fd int) (net.Listener, error) {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(own), "listener")
	defer f.Close()
	return net.FileListener(f)
}
