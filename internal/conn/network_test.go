package conn

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"causeway/internal/conn/conntest"
)

const far = 15 * time.Millisecond // latency of the tests

func distant(t *testing.T, f func(w *world, c Conn, peer net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true, false)
		w.mem.Latency = far
		c, peer := pair(w)
		f(w, c, peer)
		c.Close()
		peer.Close()
		time.Sleep(time.Second) // what is under way arrives
	})
}

func TestLatency(t *testing.T) {
	distant(t, func(w *world, c Conn, peer net.Conn) {
		send(t, c, "a")
		send(t, c, "b")
		w.within(far, func() { expect(t, peer, "ab") })
		c.CloseWrite()
		w.within(far, func() {
			if _, err := peer.Read(make([]byte, 1)); err != io.EOF {
				t.Error(err)
			}
		})
		send(t, peer, "c") // half-closed: the other direction goes on
		w.within(far, func() { expect(t, c, "c") })
	})
}

// The server gives up an idle connection while a request is on its way: the law of the idle race.
func TestIdleRace(t *testing.T) {
	f := func(sent time.Duration, wantPeer PeerState, want error) {
		t.Helper()
		distant(t, func(w *world, c Conn, peer net.Conn) {
			const limit = 5 * time.Second
			time.AfterFunc(limit, func() { peer.Close() })
			time.Sleep(sent)
			if p := c.Peer(); p != wantPeer {
				t.Errorf("sent at %v: peer %v, want %v", sent, p, wantPeer)
			}
			_, err := c.Write([]byte("POST"))
			if err == nil {
				_, err = c.Read(make([]byte, 1))
			}
			if !errors.Is(err, want) {
				t.Errorf("sent at %v: %v, want %v", sent, err, want)
			}
		})
	}
	f(5*time.Second-far-1, PeerIdle, syscall.ECONNRESET) // arrived before the close: unread, so a reset
	f(5*time.Second-far+1, PeerIdle, io.EOF)             // lost
	f(5*time.Second+far-1, PeerIdle, io.EOF)             // the end is about to arrive
	f(5*time.Second+far+1, PeerHalfClosed, io.EOF)       // seen before use
}

func TestResetDestroysTheRest(t *testing.T) {
	distant(t, func(w *world, c Conn, peer net.Conn) {
		send(t, peer, "unread")
		time.Sleep(far)
		c.Close()
		w.within(far, func() {
			if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Error(err)
			}
		})
		if _, err := peer.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
			t.Error(err)
		}
	})
}

func TestResetEndsABlockedWrite(t *testing.T) {
	distant(t, func(w *world, c Conn, peer net.Conn) {
		time.AfterFunc(time.Second, func() { c.Reset() })
		w.within(time.Second+far, func() {
			if _, err := peer.Write(make([]byte, 1<<20)); !errors.Is(err, syscall.ECONNRESET) {
				t.Error(err)
			}
		})
	})
}

func TestDialFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true, false)
		w.mem.Latency = far
		h, to := w.loop, netip.MustParseAddrPort("10.0.0.1:80")
		w.within(2*far, func() {
			if _, err := h.Dial(to, time.Now().Add(time.Second)); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Error(err)
			}
		})
		w.within(far, func() {
			if _, err := h.Dial(to, time.Now().Add(far)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
		})
		w.mem.Blackhole(to, true)
		w.within(time.Minute, func() {
			if _, err := h.Dial(to, time.Now().Add(time.Minute)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
		})
		w.mem.Blackhole(to, false)
		if _, err := h.Dial(to, time.Time{}); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Error(err)
		}
	})
}

func TestListenTwice(t *testing.T) {
	var m conntest.Network
	at := netip.MustParseAddrPort("[::1]:80")
	ln, err := m.Listen(at)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = m.Listen(at); !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
	ln.Close()
	if ln, err = m.Listen(at); err != nil {
		t.Error(err)
	}
	c, err := m.Dial(at, time.Time{})
	if err != nil || !address(c.LocalAddr()).Addr().Is6() {
		t.Error(err)
	}
	ln.Close()
}

func TestDialSocketFailures(t *testing.T) {
	h := &NewGoroutines(nil).loop
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := address(ln.Addr())
	ln.Close()
	if _, err = h.Dial(at, time.Now().Add(time.Second)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
	if _, err = h.Dial(at, time.Unix(1, 0)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}
