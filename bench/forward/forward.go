// Package forward is the least that a proxy can do: it passes bytes on between a client and a backend, without a look at
// them. What it costs is the floor under every proxy on the same kernel.
package forward

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"time"

	"causeway/internal/conn"
)

// bufferSize holds a request or an answer of the workloads that it is measured with.
const bufferSize = 20 << 10

// Serve forwards connections from a port of loopback to another, on one event loop, for good.
func Serve(port, backend int) error {
	ln, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		return err
	}
	e, err := conn.New(conn.EngineEpoll, 1)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(2) // as the gateway has it
	to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(backend))
	e.Serve(ln, func(loop *conn.Loop, c conn.Conn) conn.Handler {
		return func() bool { join(loop, c, to); return false }
	})
	select {}
}

// join makes a client and the backend one connection.
func join(loop *conn.Loop, c conn.Conn, to netip.AddrPort) {
	b, err := loop.Dial(to, time.Now().Add(5*time.Second))
	if err != nil {
		return
	}
	defer b.Close()
	loop.Duplex(c, b, func() error { return pass(b, c) }, func() error { return pass(c, b) })
}

func pass(to, from conn.Conn) error {
	for buf := make([]byte, bufferSize); ; {
		n, err := from.Read(buf)
		if err == nil {
			_, err = to.Write(buf[:n])
		}
		if err != nil {
			return err
		}
	}
}
