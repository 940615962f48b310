package peers

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// port is a TCP port of an IPv4 address that stays one peer's own while nobody listens on it. The system gives a port that
// was closed to whoever asks next, in a lab to another play's server: its answers would then be taken for this peer's. A
// socket that is bound and does not listen prevents that, and attempts to connect are still refused.
type port struct {
	addr netip.AddrPort
	fd   int
}

// holdPort takes a port of addr; port 0 is one that is free.
func holdPort(addr netip.AddrPort) (*port, error) {
	syscall.ForkLock.RLock() // not every system can make a socket that closes on exec at once
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	p := &port{fd: fd}
	if p.addr, err = bind(fd, addr); err != nil {
		p.Close()
		return nil, fmt.Errorf("hold %s: %w", addr, err)
	}
	return p, nil
}

// bind gives a socket an address that a listener may share, and returns it.
func bind(fd int, addr netip.AddrPort) (netip.AddrPort, error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return addr, os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: addr.Addr().As4(), Port: int(addr.Port())}); err != nil {
		return addr, os.NewSyscallError("bind", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return addr, os.NewSyscallError("getsockname", err)
	}
	return netip.AddrPortFrom(addr.Addr(), uint16(name.(*syscall.SockaddrInet4).Port)), nil
}

// Listen opens the port. A process that is being started elsewhere in this one may still hold a copy of the listener that was closed,
// until it executes its program: that takes a moment.
func (p *port) Listen() (ln net.Listener, err error) {
	for deadline := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
		ln, err = net.Listen("tcp4", p.addr.String())
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			return ln, err
		}
	}
}

// Close gives the port back.
func (p *port) Close() { syscall.Close(p.fd) }
