package conn

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// behind holds a loop up while clients send something.
func (w *world) behind(send func()) {
	w.Helper()
	l := w.e.(*Epoll).loops[0]
	held, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		l.runCoroutine(func() { close(held); time.Sleep(8 * tick) })
	}()
	<-held
	send()
	<-done
}

// newcomers are clients that the loop knows, and that have sent nothing yet.
func (w *world) newcomers(n int) (all []net.Conn) {
	w.Helper()
	before := w.e.Live()
	for range n {
		c := w.client()
		w.Cleanup(func() { c.Close() })
		all = append(all, c)
	}
	for range 1000 {
		if w.e.Live() == before+n {
			return all
		}
		time.Sleep(time.Millisecond)
	}
	w.Fatal("the clients were not accepted")
	return nil
}

// A loop that falls behind goes on with the clients that it serves, lets go of those that left, and begins with the newest, so that
// these are served in time.
func TestNewestFirst(t *testing.T) {
	f := func(want string, story func(w *world, known net.Conn, fresh []net.Conn)) {
		t.Helper()
		onLoops(t, 1, func(w *world, e *Epoll) {
			var order []byte
			served := make(chan bool, 100)
			w.serve(func(_ *Loop, c Conn) Handler {
				return func() bool {
					b := make([]byte, 1)
					if n, _ := c.Read(b); n == 0 {
						return false
					}
					order = append(order, b[0])
					time.Sleep(2 * turnOver)
					served <- true
					return true
				}
			})
			known := w.newcomers(1)[0]
			send(t, known, "x")
			<-served
			fresh := w.newcomers(4)
			w.behind(func() { story(w, known, fresh) })
			for range len(want) - 1 {
				<-served
			}
			w.server.Shutdown(time.Now().Add(tick))
			if string(order) != want {
				t.Errorf("served in the order %s, want %s", order, want)
			}
		})
	}
	all := func(t *testing.T, fresh []net.Conn) {
		for i, c := range fresh {
			send(t, c, string(rune('0'+i)))
		}
	}
	f("x3210", func(w *world, _ net.Conn, fresh []net.Conn) { all(w.T, fresh) })
	f("xx3210", func(w *world, known net.Conn, fresh []net.Conn) { all(w.T, fresh); send(w.T, known, "x") })
	f("x1320", func(w *world, _ net.Conn, fresh []net.Conn) { all(w.T, fresh); fresh[1].Close() })
}

// stuck keeps a loop from beginning with new clients.
func stuck(l *epollLoop, is bool) {
	n := 0
	if is {
		n = offloadMax
	}
	l.runCoroutine(func() { l.offloads = n })
}

// A client whose turn does not come has its time all the same, and the end of its server ends it too.
func TestNewcomersThatWait(t *testing.T) {
	onLoops(t, 1, func(w *world, e *Epoll) {
		var met atomic.Value
		w.serve(func(_ *Loop, c Conn) Handler {
			c.SetReadDeadline(time.Now().Add(3 * tick))
			return func() bool {
				_, err := c.Read(make([]byte, 1))
				met.Store(err)
				return false
			}
		})
		stuck(e.loops[0], true)
		c := w.newcomers(1)[0]
		send(t, c, "a")
		c.Read(make([]byte, 1))
		if err, _ := met.Load().(error); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("met %v", err)
		}
		stuck(e.loops[0], false)
	})
	onLoops(t, 1, func(w *world, e *Epoll) {
		w.serve(lines(time.Hour))
		stuck(e.loops[0], true)
		send(t, w.newcomers(1)[0], "a\n")
		time.Sleep(tick)
		w.server.Shutdown(time.Now().Add(tick))
		stuck(e.loops[0], false)
	})
}

// The end of a client is known once the loop has heard of it, whatever remains to be read.
func TestHungUp(t *testing.T) {
	onLoops(t, 1, func(w *world, e *Epoll) {
		told := make(chan bool, 2)
		w.serve(once(func(_ *Loop, c Conn) { told <- HungUp(c) }))
		clients := w.newcomers(2)
		w.behind(func() {
			send(t, clients[0], "a")
			clients[0].Close()
		})
		if !<-told {
			t.Error("the end of a client is not known")
		}
		send(t, clients[1], "a")
		if <-told {
			t.Error("a client that is there is taken for gone")
		}
	})
}

// Instances that share a socket take few clients at a time from its queue. If nobody empties it, the loop takes what is there: only
// then it can tell who left.
func TestLongQueueIsEmptied(t *testing.T) {
	onLoops(t, 1, func(w *world, e *Epoll) {
		e.Set(func(o *Options) { o.Shared = true })
		var opened atomic.Int64
		w.serve(func(_ *Loop, c Conn) Handler {
			opened.Add(1)
			return func() bool {
				time.Sleep(20 * time.Millisecond)
				return false
			}
		})
		const crowd = 200
		for range crowd {
			c := w.client()
			defer c.Close()
			send(t, c, "a")
		}
		begin := time.Now()
		for opened.Load() < crowd && time.Since(begin) < 5*time.Second {
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("%d of %d clients taken within %v", opened.Load(), crowd, took)
		}
		w.server.Shutdown(time.Now())
	})
}

// Clients that another process took from the queue do not make this one take many at a time, nor count as a wait of the next client.
func TestQueueThatAnotherEmptied(t *testing.T) {
	onLoops(t, 1, func(w *world, e *Epoll) {
		e.Set(func(o *Options) { o.Shared = true })
		backlog := make(chan time.Duration, 1)
		w.serve(once(func(_ *Loop, c Conn) { backlog <- c.Info().Backlog }))
		w.newcomers(1)
		l := e.loops[0]
		l.runCoroutine(func() {
			for _, p := range l.ports {
				if p != nil {
					p.behind = clock() - int64(time.Minute)
				}
			}
		})
		time.Sleep(tick)
		send(t, w.newcomers(1)[0], "a")
		if is := <-backlog; is > 0 {
			t.Errorf("the client may have waited for %v", is)
		}
	})
}
