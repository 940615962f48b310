package conn

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func init() {
	if os.Getenv("CONN_ONE_ENGINE") != "" {
		oneEngine()
	}
	newEvents = func() (Engine, *Loop, coroutines, func()) {
		if os.Getenv("CONN_ONE_ENGINE") != "" { // all stories one after another on the same one
			e := oneEngine()
			return e, &e.loops[0].loop, e.loops[0], func() {}
		}
		e := newEpoll(1)
		return e, &e.loops[0].loop, e.loops[0], e.Close
	}
}

var oneEngine = sync.OnceValue(func() *Epoll {
	e := newEpoll(1)
	var wg sync.WaitGroup
	for range 16 { // so many coroutines are kept
		wg.Go(func() {
			e.loops[0].runCoroutine(func() { e.loops[0].do(func() { time.Sleep(100 * time.Millisecond) }) })
		})
	}
	wg.Wait()
	return e
})

func newEpoll(loops int) *Epoll {
	e, err := NewEpoll(loops, nil)
	if err != nil {
		panic(err)
	}
	return e
}

// onLoops is a story with a number of loops.
func onLoops(t *testing.T, loops int, story func(w *world, e *Epoll)) {
	t.Helper()
	noLeak(t, func() {
		e := newEpoll(loops)
		w := &world{T: t, e: e, loop: &e.loops[0].loop, on: e.loops[0]}
		e.Set(func(o *Options) { o.Panic = func(v any, stack []byte) { t.Errorf("panic: %v\n%s", v, stack) } })
		story(w, e)
		w.end()
		e.Close()
	})
}

// The collector must be able to stop a loop that only waits, with and without a timer to wait for.
func TestCollectorStopsAnIdleLoop(t *testing.T) {
	onLoops(t, 2, func(w *world, e *Epoll) {
		w.serve(lines(time.Hour))
		for range 2 {
			done := make(chan bool)
			go func() {
				for range 100 {
					runtime.GC()
				}
				close(done)
			}()
			select {
			case <-done:
			case <-time.After(20 * time.Second):
				t.Fatal("the collector waits")
			}
			c := w.client()
			defer c.Close()
			send(t, c, "a\n")
			expect(t, c, "a!\n")
		}
	})
}

// Clients come and go on several loops, with garbage all the while: descriptors are used again at once.
func TestChurn(t *testing.T) {
	onLoops(t, 3, func(w *world, e *Epoll) {
		echo := w.backend(func(c net.Conn) { io.Copy(c, c) })
		w.serve(func(h *Loop, c Conn) Handler {
			return func() bool {
				b := make([]byte, 100)
				n, err := c.Read(b)
				if err != nil {
					return false
				}
				key := Key{Addr: echo}
				far, _ := h.Pool.Get(key, nil)
				if far == nil {
					if far, err = h.Dial(echo, time.Now().Add(5*time.Second)); err != nil {
						w.Error(err)
						return false
					}
				}
				far.SetReadDeadline(time.Now().Add(10 * time.Second))
				if _, _, err = Ask(far, b[:n], nil); err != nil {
					w.Error(err)
				}
				if n, err = far.Read(b); err != nil {
					w.Error(err)
					far.Close()
					return false
				}
				if b[0]%3 == 0 {
					far.Close()
				} else {
					h.Pool.Put(key, far, time.Now())
				}
				c.Write(b[:n])
				return b[0]%2 == 0
			}
		})
		stop := make(chan bool)
		var wg, gc sync.WaitGroup
		gc.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					runtime.GC()
				}
			}
		})
		var asked atomic.Int64
		for i := range 16 {
			wg.Go(func() {
				for k := range 60 {
					c := w.client()
					c.SetDeadline(time.Now().Add(20 * time.Second))
					for j := range 5 {
						s := fmt.Sprintf("%c%d", 'a'+(i+k+j)%7, j)
						send(t, c, s)
						expect(t, c, s)
						asked.Add(1)
						if s[0]%2 != 0 {
							break
						}
					}
					if k%4 == 0 {
						c.(*net.TCPConn).SetLinger(0)
					}
					c.Close()
				}
			})
		}
		wg.Wait()
		close(stop)
		gc.Wait()
		for _, l := range e.loops {
			l.runCoroutine(func() {
				for k := range l.loop.Pool.idle {
					l.loop.Pool.Drop(k)
				}
			})
		}
		if asked.Load() < 16*60 {
			t.Error(asked.Load())
		}
	})
}

// A loop with more clients than another gives new ones away.
func TestLoopsShare(t *testing.T) {
	onLoops(t, 2, func(w *world, e *Epoll) {
		w.serve(lines(time.Hour))
		for range 40 {
			c := w.client()
			defer c.Close()
			send(t, c, "a\n")
			expect(t, c, "a!\n")
		}
		a, b := e.loops[0].size.Load(), e.loops[1].size.Load()
		if a+b != 40 || max(a-b, b-a) > slack+2 {
			t.Error(a, b)
		}
	})
}

// The server serves what was sent before its shutdown began, even if the loop has no event of it yet.
func TestEventDrainServesWhatWasSent(t *testing.T) {
	onLoops(t, 1, func(w *world, e *Epoll) {
		w.serve(lines(time.Hour))
		c := w.client()
		defer c.Close()
		send(t, c, "a\n")
		expect(t, c, "a!\n")
		l, done := e.loops[0], make(chan bool)
		l.post(func() {
			send(t, c, "late\n")
			time.Sleep(tick)
			w.server.(*epollServer).leaving.Store(true)
			for _, s := range l.socks {
				if s != nil && s.server != nil {
					s.dismiss()
				}
			}
			close(done)
		})
		<-done
		expect(t, c, "late!\n")
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Error(err)
		}
	})
}

// A handler that ends its goroutine costs its connection, not the loop.
func TestGoexitInATurn(t *testing.T) {
	onLoops(t, 1, func(w *world, e *Epoll) {
		w.serve(func(_ *Loop, c Conn) Handler {
			return func() bool {
				b := make([]byte, 1)
				if n, _ := c.Read(b); n == 1 && b[0] == 'x' {
					runtime.Goexit()
				}
				c.Write(b)
				return b[0] != 0
			}
		})
		good, bad := w.client(), w.client()
		defer good.Close()
		defer bad.Close()
		send(t, good, "a")
		expect(t, good, "a")
		send(t, bad, "x")
		if _, err := bad.Read(make([]byte, 1)); err == nil {
			t.Error("answered")
		}
		send(t, good, "b")
		expect(t, good, "b")
	})
}

// Shutdown waits for the coroutines, not only for their connections.
func TestShutdownWaitsForStrands(t *testing.T) {
	onLoops(t, 1, func(w *world, e *Epoll) {
		var ended atomic.Bool
		w.serve(once(func(h *Loop, c Conn) {
			c.Read(make([]byte, 1))
			h.Do(func() { time.Sleep(6 * tick) })
			ended.Store(true)
		}))
		c := w.client()
		defer c.Close()
		send(t, c, "a")
		time.Sleep(tick)
		w.server.Shutdown(time.Now().Add(tick))
		if !ended.Load() {
			t.Error("a coroutine still runs")
		}
	})
}

func TestStopAtOnce(t *testing.T) {
	for range 50 {
		onLoops(t, 2, func(w *world, e *Epoll) {
			w.serve(lines(time.Hour))
			w.server.(*epollServer).Stop()
			if c, err := net.Dial("tcp", w.front.String()); err == nil {
				c.Close()
				t.Error("connected")
			}
		})
	}
}

// A handler that blocks keeps its loop from others, and that shows.
func TestStalled(t *testing.T) {
	onLoops(t, 1, func(w *world, e *Epoll) {
		let := make(chan bool)
		w.serve(once(func(_ *Loop, c Conn) {
			c.Read(make([]byte, 1))
			<-let
		}))
		c := w.client()
		defer c.Close()
		send(t, c, "a")
		time.Sleep(5 * tick)
		if d := e.Stalled(); d < 3*tick {
			t.Error("stalled for", d)
		}
		close(let)
		c.Read(make([]byte, 1))
		time.Sleep(tick)
		if d := e.Stalled(); d > tick {
			t.Error("still stalled for", d)
		}
	})
}

// The two sides of Duplex wait at once, and the end of one stops the wait of the other; Do holds up no other coroutine.
func TestStrandsOfALoopInterleave(t *testing.T) {
	onLoops(t, 1, func(w *world, e *Epoll) {
		w.serve(once(func(h *Loop, c Conn) {
			b := make([]byte, 1)
			c.Read(b)
			if b[0] == 's' { // sleeps
				h.Do(func() { time.Sleep(10 * tick) })
			}
			c.Write(b)
		}))
		slow, quick := w.client(), w.client()
		defer slow.Close()
		defer quick.Close()
		begin := time.Now()
		send(t, slow, "s")
		time.Sleep(tick)
		send(t, quick, "q")
		expect(t, quick, "q")
		if d := time.Since(begin); d > 8*tick {
			t.Error("held up for", d)
		}
		expect(t, slow, "s")
	})
}

// The heap keeps its order whatever is taken out.
func TestTimers(t *testing.T) {
	var h timers
	var all []*sock
	for i := range 500 {
		s := &sock{ti: -1}
		h.push(s, int64(i*7919%1009))
		all = append(all, s)
	}
	for i, s := range all {
		if i%3 == 0 {
			h.remove(s.ti)
		} else if i%3 == 1 {
			h.sooner(s, s.when/2)
		}
	}
	for last := int64(-1); len(h) > 0; {
		s := h.remove(0)
		if s.when < last || s.ti != -1 {
			t.Fatal(s.when, last)
		}
		last = s.when
	}
}
