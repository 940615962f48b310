package conn

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Connections of both families reach the same places, and know their ends.
func TestDialOnALoop(t *testing.T) {
	for _, at := range []string{"127.0.0.1:0", "[::1]:0"} {
		ln, err := net.Listen("tcp", at)
		if err != nil {
			t.Logf("%s: %v", at, err) // no IPv6 here
			continue
		}
		onLoops(t, 1, func(w *world, e *Epoll) {
			w.run(func() {
				c, err := w.loop.Dial(address(ln.Addr()), time.Now().Add(5*time.Second))
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if in := c.Info(); in.Remote != address(ln.Addr()) || in.Local.Addr() != in.Remote.Addr() || in.Local.Port() == 0 {
					t.Errorf("from %v to %v", in.Local, in.Remote)
				}
			})
		})
		ln.Close()
	}
}

// The zone of a link-local address survives on its way to the kernel and back.
func TestZones(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		zone string
		id   uint32
		back string
	}{{"lo", uint32(lo.Index), "lo"}, {"4242", 4242, "4242"}, {"", 0, ""}} {
		at := netip.AddrPortFrom(netip.MustParseAddr("fe80::1").WithZone(c.zone), 8080)
		family, sa := sockaddr(at)
		in6, ok := sa.(*unix.SockaddrInet6)
		if family != unix.AF_INET6 || !ok || in6.ZoneId != c.id || in6.Port != 8080 {
			t.Errorf("%v becomes %+v", at, sa)
			continue
		}
		raw := syscall.RawSockaddrInet6{Family: unix.AF_INET6, Addr: in6.Addr, Scope_id: in6.ZoneId}
		*(*[2]byte)(unsafe.Pointer(&raw.Port)) = [2]byte{8080 >> 8, 8080 & 0xff}
		var any syscall.RawSockaddrAny
		*(*syscall.RawSockaddrInet6)(unsafe.Pointer(&any)) = raw
		if back := sockAddr(&any); back != netip.AddrPortFrom(netip.MustParseAddr("fe80::1").WithZone(c.back), 8080) {
			t.Errorf("%v comes back as %v", at, back)
		}
	}
	family, sa := sockaddr(netip.MustParseAddrPort("[::ffff:10.0.0.1]:80"))
	if in4, ok := sa.(*unix.SockaddrInet4); family != unix.AF_INET || !ok || in4.Addr != [4]byte{10, 0, 0, 1} {
		t.Errorf("a mapped address becomes %+v", sa)
	}
}

func TestDialFailuresOnALoop(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := address(ln.Addr())
	ln.Close()
	onLoops(t, 1, func(w *world, _ *Epoll) {
		w.run(func() {
			if _, err := w.loop.Dial(at, time.Now().Add(time.Second)); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Error(err)
			}
			if _, err := w.loop.Dial(at, time.Unix(1, 0)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
		})
	})
}

// A listening socket works on in another process's hands, here another descriptor of this one, after Stop.
func TestListeningSocketIsHandedOver(t *testing.T) {
	onLoops(t, 2, func(w *world, e *Epoll) {
		w.serve(lines(time.Minute))
		fd, err := w.server.Descriptor()
		if err != nil {
			t.Fatal(err)
		}
		w.server.Stop()
		if _, err := w.server.Descriptor(); !errors.Is(err, net.ErrClosed) {
			t.Error("after Stop:", err)
		}
		c := w.client() // waits in the kernel's queue
		defer c.Close()
		send(t, c, "a\n")
		ln, err := Listener(fd)
		syscall.Close(fd)
		if err != nil {
			t.Fatal(err)
		}
		next := e.Serve(ln, lines(time.Minute))
		expect(t, c, "a!\n")
		c.Close()
		next.Shutdown(time.Now().Add(time.Second))
	})
}

// What a client had sent before its connection was detached is there for the new owner.
func TestDetachKeepsWhatCame(t *testing.T) {
	onLoops(t, 1, func(w *world, _ *Epoll) {
		got := make(chan string, 1)
		w.serve(once(func(_ *Loop, c Conn) {
			c.Read(make([]byte, 1))
			nc, err := c.Detach()
			if err != nil {
				t.Error(err)
				return
			}
			go func() {
				defer nc.Close()
				b, _ := io.ReadAll(nc)
				got <- string(b)
			}()
		}))
		c := w.client()
		send(t, c, "abc")
		c.Close()
		if s := <-got; s != "bc" {
			t.Errorf("%q", s)
		}
	})
}
