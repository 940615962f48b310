package conn

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// busy is a handler that echoes a line and, after "hold", lasts until the next one.
func busy(_ *Loop, c Conn) Handler {
	c.SetReadDeadline(time.Now().Add(time.Hour))
	return func() bool {
		b := make([]byte, 100)
		for {
			n, err := c.Read(b)
			if err != nil {
				return false
			}
			if string(b[:n]) != "hold\n" {
				c.Write(b[:n])
				return true
			}
		}
	}
}

// gone reports whether the gateway has ended a connection.
func gone(c net.Conn) bool {
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	c.SetReadDeadline(time.Time{})
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}

// crowd tells a story of a full gateway.
func crowd(t *testing.T, limit int, story func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true, false)
		w.e.Set(func(o *Options) { o.Limit, o.Full = limit, func(int) {} })
		w.serve(busy)
		story(w)
		for _, c := range w.closers {
			c.Close()
		}
		w.end()
	})
}

// guest is a client that is closed at the end of the story.
func (w *world) guest() net.Conn {
	c := w.client()
	w.closers = append(w.closers, c)
	synctest.Wait()
	time.Sleep(time.Second)
	return c
}

// At the limit the connection that has been idle longest gives way; one with a request under way never does.
func TestLongestIdleGivesWay(t *testing.T) {
	crowd(t, 4, func(w *world) {
		told := 0
		w.e.Set(func(o *Options) { o.Full = func(int) { told++ } })
		var clients []net.Conn
		for range 3 {
			clients = append(clients, w.guest())
		}
		send(t, clients[0], "hold\n")
		for _, at := range []int{2, 1} { // the last to speak is 1
			send(t, clients[at], "a\n")
			expect(t, clients[at], "a\n")
			time.Sleep(time.Second)
		}
		w.e.Set(func(o *Options) { o.Limit = 3 }) // reached
		late := w.guest()
		send(t, late, "b\n")
		expect(t, late, "b\n")
		if gone(clients[0]) || gone(clients[1]) || !gone(clients[2]) {
			t.Errorf("gone: busy %v, idle %v, longest idle %v", gone(clients[0]), gone(clients[1]), gone(clients[2]))
		}
		send(t, clients[0], "c\n")
		expect(t, clients[0], "c\n")
		if told != 1 {
			t.Errorf("the operator was told %d times within a minute", told)
		}
	})
}

// A client that never sent anything gives way before one that did, once it has had the time to.
func TestNeverSpokeGivesWayFirst(t *testing.T) {
	crowd(t, 4, func(w *world) {
		spoke := w.guest()
		send(t, spoke, "a\n")
		expect(t, spoke, "a\n")
		silent := w.guest()
		second := w.guest()
		w.e.Set(func(o *Options) { o.Limit = 3 })
		w.guest()
		if gone(spoke) || !gone(silent) || gone(second) {
			t.Errorf("gone: spoke %v, silent %v, silent for less time %v", gone(spoke), gone(silent), gone(second))
		}
	})
}

// While every connection is at work, new clients wait in the kernel's queue, and what that may have cost them is known.
func TestWaitForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true, false)
		var queued atomic.Int64
		w.e.Set(func(o *Options) { o.Limit, o.Full = 1, func(int) {} })
		w.serve(func(h *Loop, c Conn) Handler {
			queued.Store(int64(c.Info().Queued))
			return busy(h, c)
		})
		a := w.client()
		send(t, a, "hold\n")
		synctest.Wait()
		b := w.client()
		send(t, b, "b\n")
		time.Sleep(10 * time.Second)
		send(t, a, "a\n")
		expect(t, a, "a\n")
		expect(t, b, "b\n")
		if d := time.Duration(queued.Load()); d != 10*time.Second {
			t.Errorf("queued %v", d)
		}
		if !gone(a) {
			t.Error("the idle one still holds the only place")
		}
		a.Close()
		b.Close()
		w.end()
	})
}

// A client that waited while others had the place one after the other waited all of that time.
func TestWaitForAPlaceBehindOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true, false)
		var queued []time.Duration
		w.e.Set(func(o *Options) { o.Limit, o.Full = 1, func(int) {} })
		w.serve(func(h *Loop, c Conn) Handler {
			queued = append(queued, c.Info().Queued)
			return busy(h, c)
		})
		var clients []net.Conn
		for range 4 {
			c := w.client()
			send(t, c, "hold\n")
			synctest.Wait()
			clients = append(clients, c)
		}
		for i, c := range clients {
			time.Sleep(2 * time.Second)
			send(t, c, "a\n")
			expect(t, c, "a\n")
			c.Close()
			synctest.Wait()
			if got := queued[i]; got != 2*time.Duration(i)*time.Second {
				t.Errorf("client %d queued %v", i, got)
			}
		}
		w.end()
	})
}

// A newcomer has a moment to send something, whoever wants the place; then it counts as silent.
func TestNewcomersAreNotEvicted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true, false)
		w.e.Set(func(o *Options) { o.Limit, o.Full = 2, func(int) {} })
		w.serve(busy)
		slow, silent := w.client(), w.client()
		synctest.Wait()
		late := w.client()
		send(t, late, "b\n")
		time.Sleep(grace / 2)
		send(t, slow, "a\n")
		expect(t, slow, "a\n")
		if gone(silent) {
			t.Error("one that has just come gave way")
		}
		expect(t, late, "b\n")
		for _, c := range []net.Conn{slow, silent, late} {
			c.Close()
		}
		w.end()
	})
}

// One address holds three quarters of the places at most: beyond that its own silent connections give way, and if all of
// them are at work, it gets no more.
func TestShareOfAnAddress(t *testing.T) {
	crowd(t, 8, func(w *world) {
		crowded := 0
		w.e.Set(func(o *Options) { o.Crowded = func(netip.Addr) { crowded++ } })
		var clients []net.Conn
		for range 6 {
			clients = append(clients, w.guest())
		}
		clients = append(clients, w.guest())
		if !gone(clients[0]) || gone(clients[1]) || crowded != 0 {
			t.Errorf("first %v, second %v, refused %d", gone(clients[0]), gone(clients[1]), crowded)
		}
		for _, c := range clients[1:] {
			send(t, c, "hold\n")
		}
		synctest.Wait()
		if c := w.guest(); !gone(c) || crowded != 1 {
			t.Errorf("a seventh was taken beside six at work; refused %d", crowded)
		}
	})
}

// A request that arrives as its connection is asked to give way is served.
func TestGivingWayLosesNoRequest(t *testing.T) {
	crowd(t, 2, func(w *world) {
		c := w.guest()
		send(t, c, "a\n")
		expect(t, c, "a\n")
		w.guest()
		e := w.e.(*Goroutines)
		e.mu.Lock()
		send(t, c, "b\n")
		e.evict(time.Now(), netip.Addr{}, 1)
		e.mu.Unlock()
		expect(t, c, "b\n")
	})
}
