package conn

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// once is a handler that is called once.
func once(handle func(h *Loop, c Conn)) Open {
	return func(h *Loop, c Conn) Handler {
		return func() bool { handle(h, c); return false }
	}
}

// copyAll is Relay under the deadlines that are set.
func copyAll(dst, src Conn, n int64) (done int64, read, write error) {
	done, _, read, write = Relay(dst, src, n, Pace{})
	return done, read, write
}

// relay joins a client to a backend until both have ended.
func relay(h *Loop, c, b Conn) (errAB, errBA error) {
	pump := func(dst, src Conn) func() error {
		return func() error {
			_, read, write := copyAll(dst, src, -1)
			if write != nil {
				return write
			}
			if read != io.EOF {
				return read
			}
			return dst.CloseWrite()
		}
	}
	return h.Duplex(c, b, pump(b, c), pump(c, b))
}

func TestTunnel(t *testing.T) {
	const size = 3 << 20
	data := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	each(t, func(w *world) {
		echo := w.backend(func(c net.Conn) {
			io.Copy(c, c)
			c.(interface{ CloseWrite() error }).CloseWrite()
		})
		w.serve(once(func(h *Loop, c Conn) {
			b, err := h.Dial(echo, time.Now().Add(time.Second))
			if err != nil {
				w.Error(err)
				return
			}
			if ab, ba := relay(h, c, b); ab != nil || ba != nil {
				w.Error(ab, ba)
			}
			b.Close()
		}))
		c := w.client()
		defer c.Close()
		var wg sync.WaitGroup
		wg.Go(func() {
			c.Write(data)
			c.(interface{ CloseWrite() error }).CloseWrite()
		})
		got, err := io.ReadAll(c)
		if err != nil || !bytes.Equal(got, data) {
			w.Fatal(len(got), err)
		}
		wg.Wait()
	})
}

func TestDetach(t *testing.T) {
	each(t, func(w *world) {
		var wg sync.WaitGroup
		w.serve(once(func(_ *Loop, c Conn) {
			b := make([]byte, 1)
			c.Read(b) // of more: the rest must not be lost
			c.SetReadDeadline(time.Unix(1, 0))
			nc, err := c.Detach()
			if err != nil {
				w.Error(err)
				return
			}
			if _, err = c.Detach(); !errors.Is(err, net.ErrClosed) {
				w.Error("second Detach:", err)
			}
			wg.Go(func() {
				defer nc.Close()
				nc.SetDeadline(time.Now().Add(time.Minute))
				nc.Write(b)
				io.Copy(nc, nc)
				nc.(interface{ CloseWrite() error }).CloseWrite()
			})
		}))
		c := w.client()
		defer c.Close()
		send(w.T, c, "hello")
		expect(w.T, c, "hello")
		send(w.T, c, "more")
		expect(w.T, c, "more")
		c.(interface{ CloseWrite() error }).CloseWrite()
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			w.Error(err)
		}
		wg.Wait()
	})
}

// The backend answers the head of an endless upload, and closes.
func TestEarlyAnswer(t *testing.T) {
	each(t, func(w *world) {
		refuse := w.backend(func(c net.Conn) {
			c.Read(make([]byte, 100))
			io.WriteString(c, "no")
		})
		w.serve(once(func(h *Loop, c Conn) {
			b, err := h.Dial(refuse, time.Now().Add(time.Second))
			if err != nil {
				w.Error(err)
				return
			}
			enough := errors.New("answered")
			up := func() error {
				for {
					_, read, write := copyAll(b, c, 1<<20)
					if read != nil {
						return read
					}
					if errors.Is(write, ErrStopped) {
						return write
					}
					if write != nil { // its answer may still come
						_, err := c.Read(make([]byte, 1<<10))
						if err != nil {
							return err
						}
					}
				}
			}
			down := func() error {
				p := make([]byte, 2)
				if _, err := io.ReadFull(b, p); err != nil {
					return err
				}
				c.Write(p)
				return enough
			}
			errUp, errDown := h.Duplex(c, b, up, down)
			if !errors.Is(errUp, ErrStopped) || errDown != enough {
				w.Errorf("up %v, down %v", errUp, errDown)
			}
			b.Reset()
			c.CloseWrite()
			c.SetReadDeadline(time.Now().Add(2 * time.Second)) // works again after Duplex
			_, read, _ := copyAll(discard{c}, c, -1)
			if read != io.EOF && !errors.Is(read, syscall.ECONNRESET) && !errors.Is(read, io.ErrUnexpectedEOF) {
				w.Error("drain:", read)
			}
		}))
		c := w.client()
		var wg sync.WaitGroup
		stop := make(chan bool)
		wg.Go(func() {
			for {
				if _, err := c.Write(make([]byte, 16<<10)); err != nil {
					return
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
		expect(w.T, c, "no")
		close(stop)
		c.Close()
		wg.Wait()
	})
}

// discard is a Conn that takes everything.
type discard struct{ Conn }

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestPeerSpeaksAndGoes(t *testing.T) {
	each(t, func(w *world) {
		step := make(chan PeerState)
		next := make(chan bool)
		w.serve(once(func(_ *Loop, c Conn) {
			b := make([]byte, 100)
			n, _ := c.Read(b)
			if string(b[:n]) != "a" {
				w.Errorf("%q", b[:n])
			}
			step <- c.Peer()
			<-next
			step <- await(c, PeerReadable)
			if n, err := c.Read(b); string(b[:n]) != "b" {
				w.Errorf("%q %v", b[:n], err)
			}
			<-next
			step <- await(c, PeerHalfClosed)
			if _, err := c.Read(b); err != io.EOF {
				w.Error(err)
			}
		}))
		c := w.client()
		defer c.Close()
		send(w.T, c, "a")
		want := func(p PeerState) {
			w.Helper()
			if got := <-step; got != p {
				w.Errorf("peer %d, want %d", got, p)
			}
		}
		want(PeerIdle)
		send(w.T, c, "b")
		next <- true
		want(PeerReadable)
		c.(interface{ CloseWrite() error }).CloseWrite()
		next <- true
		want(PeerHalfClosed)
	})
}

// A peer that ended its side and one that left look the same until something is written to them.
func TestPeerIsLost(t *testing.T) {
	each(t, func(w *world) {
		got, next := make(chan PeerState), make(chan bool)
		w.serve(once(func(_ *Loop, c Conn) {
			c.Read(make([]byte, 1))
			c.Write([]byte("b"))
			got <- await(c, PeerHalfClosed)
			c.Write([]byte("are you there?"))
			got <- await(c, PeerReset)
			<-next
		}))
		c := w.client()
		send(w.T, c, "a")
		expect(w.T, c, "b")
		c.Close()
		if p := <-got; p != PeerHalfClosed {
			w.Errorf("peer %d after its end", p)
		}
		if p := <-got; p != PeerReset {
			w.Errorf("peer %d after its reset", p)
		}
		close(next)
	})
}

// await polls until the peer has done something.
func await(c Conn, want PeerState) (p PeerState) {
	for range 500 {
		if p = c.Peer(); p == want {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	return p
}

// The side of Duplex that writes to a client may ask whether it is still there.
func TestPeerBesideRead(t *testing.T) {
	each(t, func(w *world) {
		gone := make(chan bool)
		w.serve(once(func(h *Loop, c Conn) {
			near, far := pair(w)
			defer near.Close()
			defer far.Close()
			up := func() error {
				for b := make([]byte, 2); ; {
					if _, err := c.Read(b); err != nil {
						return nil
					}
				}
			}
			down := func() error {
				for p := c.Peer(); p != PeerHalfClosed && p != PeerReset; p = c.Peer() {
					h.Do(func() { time.Sleep(time.Millisecond) })
				}
				close(gone)
				return nil
			}
			h.Duplex(c, near, up, down)
		}))
		c := w.client()
		for range 50 {
			send(w.T, c, "abc")
			time.Sleep(time.Millisecond / 5)
		}
		c.Close()
		<-gone
	})
}

// Peer must not swallow the errno that tells a reset from an end.
func TestResetIsTold(t *testing.T) {
	each(t, func(w *world) {
		got := make(chan error, 1)
		w.serve(once(func(_ *Loop, c Conn) {
			c.Read(make([]byte, 10))
			await(c, PeerHalfClosed)
			_, err := c.Read(make([]byte, 10))
			got <- err
		}))
		c := w.client()
		send(w.T, c, "a")
		time.Sleep(10 * time.Millisecond)
		carrier := c
		if s, ok := c.(*tls.Conn); ok {
			carrier = s.NetConn()
		}
		carrier.(interface{ SetLinger(int) error }).SetLinger(0)
		carrier.Close()
		if err := <-got; !errors.Is(err, syscall.ECONNRESET) {
			w.Error(err)
		}
	})
}

func TestIdleLimit(t *testing.T) {
	each(t, func(w *world) {
		w.serve(lines(50 * time.Millisecond))
		c := w.client()
		defer c.Close()
		send(w.T, c, "a\n")
		expect(w.T, c, "a!\n")
		start := time.Now()
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			w.Error(err)
		}
		if d := time.Since(start); w.mem != nil && d != 50*time.Millisecond {
			w.Error("idle for", d)
		}
	})
}

func TestDrain(t *testing.T) {
	each(t, func(w *world) {
		busy, leave := make(chan bool), make(chan bool)
		idleErr := make(chan error, 1)
		w.serve(func(h *Loop, c Conn) Handler {
			return func() bool {
				b := make([]byte, 10)
				n, err := c.Read(b)
				switch {
				case err != nil:
					idleErr <- err
					return false
				case string(b[:n]) == "busy":
					h.Do(func() {
						busy <- true
						<-leave
					})
				}
				c.Write([]byte("ok"))
				return string(b[:n]) != "busy"
			}
		})
		a, b := w.client(), w.client()
		defer a.Close()
		defer b.Close()
		send(w.T, a, "idle")
		expect(w.T, a, "ok")
		send(w.T, b, "busy")
		<-busy
		var wg sync.WaitGroup
		for range 2 { // the second call must do no harm
			wg.Go(func() { w.server.Shutdown(time.Now().Add(3 * time.Second)) })
		}
		if err := <-idleErr; err != ErrDraining {
			w.Error("idle:", err)
		}
		if _, err := a.Read(make([]byte, 1)); err != io.EOF {
			w.Error("idle client:", err)
		}
		close(leave)
		expect(w.T, b, "ok")
		wg.Wait()
	})
}

// A request that is already there when the server begins to drain is answered.
func TestDrainServesWhatWasSent(t *testing.T) {
	each(t, func(w *world) {
		e, is := w.e.(*Goroutines) // event loops have a story of their own
		if w.tls != nil || !is {
			return
		}
		c, peer := pair(w)
		defer peer.Close()
		s := c.(*stream)
		s.server = &server{e: e}
		s.server.leaving.Store(true)
		send(w.T, peer, "late")
		time.Sleep(tick)
		s.await()
		expect(w.T, c, "late")
		s.await()
		if _, err := c.Read(make([]byte, 1)); err != ErrDraining {
			w.Error(err)
		}
		c.Close()
	})
}

func TestShutdownResetsWhatIsLeft(t *testing.T) {
	each(t, func(w *world) {
		failed := make(chan error, 1)
		w.serve(once(func(_ *Loop, c Conn) {
			b := make([]byte, 10)
			c.Read(b)
			c.Write([]byte("x"))
			_, err := c.Read(b)
			failed <- err
		}))
		c := w.client()
		defer c.Close()
		send(w.T, c, "a")
		expect(w.T, c, "x")
		start := time.Now()
		w.server.Shutdown(start.Add(50 * time.Millisecond))
		if err := <-failed; err == nil {
			w.Error("the handler's read succeeded")
		}
		if d := time.Since(start); d < 50*time.Millisecond {
			w.Error("waited only", d)
		}
		if _, err := c.Read(make([]byte, 1)); err == nil || err == io.EOF {
			w.Error("client:", err)
		}
	})
}

func TestPanicCostsOneConnection(t *testing.T) {
	each(t, func(w *world) {
		told := make(chan string, 4)
		w.e.Set(func(o *Options) {
			o.Panic = func(v any, stack []byte) {
				if !strings.Contains(string(stack), "story_test.go") {
					w.Errorf("stack: %s", stack)
				}
				told <- v.(string)
			}
		})
		w.serve(func(h *Loop, c Conn) Handler {
			return func() bool {
				b := make([]byte, 10)
				n, err := c.Read(b)
				if err != nil {
					return false
				}
				switch string(b[:n]) {
				case "handler":
					panic("handler")
				case "both":
					wait := func() error { _, err := c.Read(b); return err }
					h.Duplex(c, c, func() error { panic("both") }, wait)
				}
				c.Write([]byte("ok"))
				return true
			}
		})
		good := w.client()
		defer good.Close()
		send(w.T, good, "a")
		expect(w.T, good, "ok")
		for _, p := range []string{"handler", "both"} {
			bad := w.client()
			send(w.T, bad, p)
			if got := <-told; got != p {
				w.Error(got)
			}
			if n, err := bad.Read(make([]byte, 1)); err == nil {
				w.Error("answered", n)
			}
			bad.Close()
		}
		send(w.T, good, "b")
		expect(w.T, good, "ok")
	})
}

func TestWriteDeadline(t *testing.T) {
	each(t, func(w *world) {
		got := make(chan error, 1)
		w.serve(once(func(_ *Loop, c Conn) {
			c.Read(make([]byte, 10))
			at := time.Now().Add(50 * time.Millisecond)
			c.SetWriteDeadline(at)
			for {
				if _, err := c.Write(make([]byte, 1<<20)); err != nil {
					if time.Now().Before(at) {
						w.Error("early")
					}
					got <- err
					c.Reset()
					return
				}
			}
		}))
		c := w.client()
		send(w.T, c, "a")
		if err := <-got; !errors.Is(err, os.ErrDeadlineExceeded) {
			w.Error(err)
		}
		c.Close()
	})
}

func TestHome(t *testing.T) {
	setups := 0
	var h *Loop
	e := NewGoroutines(func(x *Loop) {
		setups++
		x.App = "scratch"
		h = x
	})
	e.Each(func(x *Loop) {
		if x != h || x.App != "scratch" || setups != 1 {
			t.Error("another home")
		}
	})
	done := false
	h.Do(func() { done = true })
	if !done {
		t.Error("Do did not wait")
	}
}

func TestShutdownAtTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true, false)
		w.e.Set(func(o *Options) { o.Limit, o.Full = 1, func(int) {} })
		w.serve(busy)
		a := w.client()
		send(t, a, "hold\n")
		synctest.Wait()
		b := w.client()
		synctest.Wait()
		w.end()
		if _, err := b.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Error("waiting client:", err)
		}
		a.Close()
		b.Close()
	})
}

// failing is a listener without descriptors left.
type failing struct {
	net.Listener
	left  atomic.Int32
	times chan time.Time
}

func (l *failing) Accept() (net.Conn, error) {
	if l.left.Add(-1) >= 0 {
		l.times <- time.Now()
		return nil, os.NewSyscallError("accept", syscall.EMFILE)
	}
	return l.Listener.Accept()
}

func TestAcceptBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true, false)
		var told atomic.Int32
		w.e.Set(func(o *Options) {
			o.AcceptError = func(err error) {
				if !errors.Is(err, syscall.EMFILE) {
					t.Error(err)
				}
				told.Add(1)
			}
		})
		ln := &failing{Listener: w.listen(), times: make(chan time.Time, 20)}
		ln.left.Store(11)
		w.server = w.e.Serve(ln, lines(time.Second))
		c := w.dial(address(ln.Addr()))
		send(t, c, "a\n")
		expect(t, c, "a!\n")
		c.Close()
		if told.Load() != 11 {
			t.Error("told", told.Load())
		}
		last := <-ln.times
		for want := 5 * time.Millisecond; len(ln.times) > 0; want = min(2*want, time.Second) {
			at := <-ln.times
			if at.Sub(last) != want {
				t.Errorf("paused %v, want %v", at.Sub(last), want)
			}
			last = at
		}
		synctest.Wait() // the listener waits for the next client, which it takes
		ln.left.Store(1 << 30)
		c = w.dial(address(ln.Addr()))
		start := time.Now()
		synctest.Wait()
		w.server.Shutdown(start.Add(400 * time.Millisecond)) // does not sit out the pause
		if d := time.Since(start); d != 100*time.Millisecond {
			t.Error("shutdown took", d)
		}
		c.Close()
		w.end()
	})
}
