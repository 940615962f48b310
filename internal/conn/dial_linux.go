package conn

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func (l *epollLoop) dial(to netip.AddrPort, deadline time.Time) (Conn, error) {
	s, err := l.connect(to, stamp(deadline))
	if err != nil {
		return nil, dialError(to, err)
	}
	return s, nil
}

func (l *epollLoop) connect(to netip.AddrPort, deadline int64) (*sock, error) {
	family, sa := sockaddr(to)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	setOptions(fd)
	if err = unix.Connect(fd, sa); err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	s := &sock{l: l, fd: fd, ti: -1, wready: err == nil}
	s.info = Info{ID: l.e.serial.Add(1), Opened: time.Now(), Remote: to}
	if err = l.add(s); err != nil {
		unix.Close(fd)
		return nil, err
	}
	if err = s.connected(deadline); err != nil {
		s.Close()
		return nil, err
	}
	s.info.Opened, s.info.Local = time.Now(), localAddr(fd)
	return s, nil
}

// connected waits for the end of a connect.
func (s *sock) connected(deadline int64) error {
	f, err := s.check(deadline)
	if err != nil {
		return err
	}
	s.wd = deadline
	for !s.wready {
		if err := s.await(f, true); err != nil {
			return err
		}
	}
	s.wd = 0
	if e, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && e != 0 {
		return os.NewSyscallError("connect", syscall.Errno(e))
	}
	return nil
}

// setOptions sets what every connection of ours has; on a listener it is what accepted ones inherit.
func setOptions(fd int) {
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, int(keepAlive/time.Second))
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int(keepAlive/time.Second))
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, keepAliveCount)
}

func localAddr(fd int) netip.AddrPort {
	var sa syscall.RawSockaddrAny
	n := uint32(unsafe.Sizeof(sa))
	syscall.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&n)))
	return sockAddr(&sa)
}

// sockAddr is an address of the kernel's.
func sockAddr(sa *syscall.RawSockaddrAny) netip.AddrPort {
	switch sa.Addr.Family {
	case unix.AF_INET:
		a := (*syscall.RawSockaddrInet4)(unsafe.Pointer(sa))
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), hostOrder(&a.Port))
	case unix.AF_INET6:
		a := (*syscall.RawSockaddrInet6)(unsafe.Pointer(sa))
		at := netip.AddrFrom16(a.Addr).Unmap()
		if a.Scope_id != 0 && at.Is6() {
			at = at.WithZone(zoneName(a.Scope_id))
		}
		return netip.AddrPortFrom(at, hostOrder(&a.Port))
	}
	return netip.AddrPort{}
}

// hostOrder reads a port, which the kernel keeps in network order.
func hostOrder(port *uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(port))
	return uint16(b[0])<<8 | uint16(b[1])
}

// sockaddr is an address for the kernel.
func sockaddr(at netip.AddrPort) (family int, sa unix.Sockaddr) {
	a := at.Addr().Unmap()
	if a.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(at.Port()), Addr: a.As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(at.Port()), Addr: a.As16(), ZoneId: zoneID(a.Zone())}
}

// zoneName and zoneID translate between an interface's number and its name, as package net does: link-local addresses
// need it (RFC 4007 section 11). Where there is no such interface the number stands for itself.
func zoneName(id uint32) string {
	if i, err := net.InterfaceByIndex(int(id)); err == nil {
		return i.Name
	}
	return strconv.FormatUint(uint64(id), 10)
}

func zoneID(name string) uint32 {
	if name == "" {
		return 0
	}
	if i, err := net.InterfaceByName(name); err == nil {
		return uint32(i.Index)
	}
	n, _ := strconv.ParseUint(name, 10, 32)
	return uint32(n)
}
