package peers

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// through is a connection by way of a relay: both its ends.
func through(t *testing.T, c LinkProfile) (client, server *net.TCPConn, r *Relay) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if r, err = NewRelay("127.0.0.1", ln.Addr().String(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	a, err := net.Dial("tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	b, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{a, b} {
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(10 * time.Second))
	}
	return a.(*net.TCPConn), b.(*net.TCPConn), r
}

func TestRelayDelaysEachWayAndKeepsOrder(t *testing.T) {
	up, down := 60*time.Millisecond, 20*time.Millisecond
	client, server, _ := through(t, LinkProfile{
		Up:   Direction{Delay: up, Jitter: 10 * time.Millisecond},
		Down: Direction{Delay: down},
		Seed: 1,
	})
	f := func(from, to *net.TCPConn, least time.Duration) {
		t.Helper()
		want := bytes.Repeat([]byte("0123456789"), 20_000)
		start := time.Now()
		go func() {
			from.Write(want)
			from.CloseWrite()
		}()
		first := make([]byte, 1)
		if _, err := io.ReadFull(to, first); err != nil || time.Since(start) < least {
			t.Fatalf("the first byte came after %v (error %v), want %v at least", time.Since(start), err, least)
		}
		rest, err := io.ReadAll(to)
		if err != nil || !bytes.Equal(append(first, rest...), want) {
			t.Fatalf("%d bytes of %d came in order, error %v", len(rest)+1, len(want), err)
		}
	}
	f(client, server, up)
	f(server, client, down) // after the other direction has ended
}

func TestRelayDelaysResets(t *testing.T) {
	delay := 50 * time.Millisecond
	client, server, _ := through(t, LinkProfile{Up: Direction{Delay: delay}, Down: Direction{Delay: delay}})
	start := time.Now()
	abort(server)
	_, err := client.Read(make([]byte, 1))
	if !errors.Is(err, syscall.ECONNRESET) || time.Since(start) < delay {
		t.Errorf("the client read %v after %v, want a reset after %v at least", err, time.Since(start), delay)
	}
}

func TestRelayCutsAndResetsAtAByte(t *testing.T) {
	f := func(w Direction, want error) {
		t.Helper()
		client, server, _ := through(t, LinkProfile{Up: w})
		client.Write(make([]byte, 5000))
		n := 0
		b := make([]byte, 4096)
		for {
			k, err := server.Read(b)
			n += k
			if err == nil {
				continue
			}
			if !errors.Is(err, want) {
				t.Errorf("%+v: %v, want %v", w, err, want)
			}
			break
		}
		if want == io.EOF && n != 1000 {
			t.Errorf("%+v: %d bytes came, want 1000", w, n)
		}
	}
	f(Direction{CutAt: 1000}, io.EOF)
	f(Direction{ResetAt: 1000}, syscall.ECONNRESET)
}

func TestRelayStallsAndResetsOnDemand(t *testing.T) {
	client, server, r := through(t, LinkProfile{})
	r.Stall(true)
	client.Write([]byte("held"))
	server.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	b := make([]byte, 4)
	if _, err := server.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("a stalled relay let %q through, error %v", b, err)
	}
	r.Stall(false)
	server.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadFull(server, b); err != nil || string(b) != "held" {
		t.Fatalf("after the stall %q came, error %v", b, err)
	}
	r.Reset()
	if _, err := client.Read(b); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client read %v, want a reset", err)
	}
}

func TestRelayResetsAtATime(t *testing.T) {
	client, _, _ := through(t, LinkProfile{ResetAfter: 50 * time.Millisecond})
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client read %v, want a reset", err)
	}
}

func TestRelayWithoutTarget(t *testing.T) {
	port := startPeer(t, Script{})
	port.Kill()
	r, err := NewRelay("127.0.0.1", port.Addr(), LinkProfile{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c, err := net.Dial("tcp", r.Addr())
	if err == nil {
		defer c.Close()
		c.SetDeadline(time.Now().Add(5 * time.Second))
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("error %v, want a reset", err)
	}
}

func TestRelayForgetsIdleConnections(t *testing.T) {
	client, server, _ := through(t, LinkProfile{Forget: 100 * time.Millisecond})
	b := make([]byte, 8)
	client.Write([]byte("early"))
	if n, err := server.Read(b); err != nil || string(b[:n]) != "early" {
		t.Fatalf("%q came, error %v", b[:n], err)
	}
	time.Sleep(150 * time.Millisecond)
	client.Write([]byte("late"))
	for _, c := range []net.Conn{client, server} {
		c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if n, err := c.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q came, error %v; want silence", b[:n], err)
		}
	}
}
