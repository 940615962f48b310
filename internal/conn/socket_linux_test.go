package conn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"causeway/internal/conn/conntest"
)

var eventful *epollLoop // of the running story, if it runs on an event loop

// onKinds tells a story of sockets on goroutines, and in a coroutine of an event loop.
func onKinds(t *testing.T, story func(t *testing.T)) {
	t.Run("goroutine", story)
	t.Run("epoll", func(t *testing.T) {
		e := newEpoll(1)
		l := e.loops[0]
		t.Run("coroutine", func(t *testing.T) {
			eventful = l
			l.runCoroutine(func() { story(t) })
			eventful = nil
		})
		e.Close()
	})
}

// sockets is a Conn on a socket and its far end.
func sockets(t testing.TB) (Conn, *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	loop, run := &NewGoroutines(nil).loop, func(f func()) { f() }
	if eventful != nil {
		loop, run = &eventful.loop, eventful.runCoroutine
	}
	c, err := loop.Dial(address(ln.Addr()), time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run(func() { c.Close() }); nc.Close() })
	return c, nc.(*net.TCPConn)
}

func TestKernel(t *testing.T) { onKinds(t, testKernel) }

func testKernel(t *testing.T) {
	c, far := sockets(t)
	send(t, c, "hello")
	expect(t, far, "hello")
	k, ok := KernelOf(c)
	if !ok || k.RTT <= 0 || k.SndMSS == 0 || k.BytesAcked < 5 || k.Retransmits != 0 {
		t.Errorf("%v %+v", ok, k)
	}
	c.Close()
	if _, ok = KernelOf(c); ok {
		t.Error("known after Close")
	}
	var m conntest.Network
	ln, _ := m.Listen(address(far.LocalAddr()))
	defer ln.Close()
	mc, err := NewGoroutinesOver(m.Dial, nil).loop.Dial(address(far.LocalAddr()), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok = KernelOf(mc); ok {
		t.Error("known in memory")
	}
}

func TestWritev(t *testing.T) { onKinds(t, testWritev) }

func testWritev(t *testing.T) {
	c, far := sockets(t)
	const size = 4 << 20 // more than the kernel takes at once
	head, body := bytes.Repeat([]byte("h"), size), bytes.Repeat([]byte("b"), size)
	for _, p := range [][2][]byte{{head, body}, {head, nil}, {nil, body}, {nil, nil}, {[]byte("h"), []byte("b")}} {
		var wg sync.WaitGroup
		wg.Go(func() {
			if n, err := c.Writev(p[0], p[1]); n != len(p[0])+len(p[1]) || err != nil {
				t.Error(n, err)
			}
		})
		got := make([]byte, len(p[0])+len(p[1]))
		if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, append(append([]byte(nil), p[0]...), p[1]...)) {
			t.Error("differs", err)
		}
		wg.Wait()
	}
}

// Splicing keeps to deadlines, and tells how much went over and which side failed.
func TestCopyFailures(t *testing.T) { onKinds(t, testCopyFailures) }

func testCopyFailures(t *testing.T) {
	src, a := sockets(t)
	dst, b := sockets(t)
	send(t, a, "abc")
	src.SetReadDeadline(time.Now().Add(10 * tick))
	done, read, write := copyAll(dst, src, 1<<20)
	if done != 3 || !errors.Is(read, os.ErrDeadlineExceeded) || write != nil {
		t.Error(done, read, write)
	}
	expect(t, b, "abc")

	src.SetReadDeadline(time.Time{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 64 {
			if _, err := a.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	dst.SetWriteDeadline(time.Now().Add(10 * tick))
	done, read, write = copyAll(dst, src, -1)
	if done == 0 || read != nil || !errors.Is(write, os.ErrDeadlineExceeded) {
		t.Error(done, read, write)
	}
	b.SetLinger(0)
	b.Close()
	dst.SetWriteDeadline(time.Time{})
	if _, read, write = copyAll(dst, src, -1); read != nil || write == nil {
		t.Error(read, write)
	}
	src.Close()
	wg.Wait()
}

func TestCopyCounts(t *testing.T) { onKinds(t, testCopyCounts) }

func testCopyCounts(t *testing.T) {
	for _, n := range []int64{0, 1, 1000, spliceMin - 1, spliceMin, 3 << 20} {
		src, a := sockets(t)
		dst, b := sockets(t)
		data := bytes.Repeat([]byte("0123456789"), int(n)/10+1)
		var wg sync.WaitGroup
		wg.Go(func() { a.Write(data) }) // more than is asked for
		var got []byte
		wg.Go(func() { got, _ = io.ReadAll(b) })
		done, read, write := copyAll(dst, src, n)
		if done != n || read != nil || write != nil {
			t.Error(n, done, read, write)
		}
		dst.CloseWrite()
		rest := make([]byte, int64(len(data))-n)
		if _, err := io.ReadFull(readerOf(src), rest); err != nil || !bytes.Equal(rest, data[n:]) {
			t.Error(n, "the rest is damaged", err)
		}
		wg.Wait()
		if !bytes.Equal(got, data[:n]) {
			t.Error(n, "damaged", len(got))
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func readerOf(c Conn) io.Reader { return readerFunc(c.Read) }

// BenchmarkDeadlines compares the calls of a request on both kinds of connection: five deadlines, a write and a read
// that finds what it wants.
func BenchmarkDeadlines(b *testing.B) {
	p := make([]byte, 512)
	exchange := func(b *testing.B, near io.ReadWriter, far net.Conn, limit func(t time.Time)) {
		for b.Loop() {
			t := time.Now().Add(20 * time.Second)
			for range 5 {
				limit(t)
			}
			near.Write(p)
			far.Read(p)
			far.Write(p)
			near.Read(p)
		}
	}
	b.Run("conn", func(b *testing.B) {
		c, far := sockets(b)
		exchange(b, c, far, c.SetReadDeadline)
	})
	b.Run("net", func(b *testing.B) {
		c, far := sockets(b)
		nc, err := c.Detach()
		if err != nil {
			b.Fatal(err)
		}
		defer nc.Close()
		exchange(b, nc, far, func(t time.Time) { nc.SetReadDeadline(t) })
	})
	b.Run("none", func(b *testing.B) {
		c, far := sockets(b)
		nc, err := c.Detach()
		if err != nil {
			b.Fatal(err)
		}
		defer nc.Close()
		exchange(b, nc, far, func(time.Time) {})
	})
}
