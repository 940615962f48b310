package conn

import (
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// pair is two ends of a connection of an engine, the second one an ordinary net.Conn.
func pair(w *world) (Conn, net.Conn) {
	ln := w.listen()
	defer ln.Close()
	c, err := w.loop.Dial(address(ln.Addr()), time.Now().Add(time.Minute))
	if err != nil {
		w.Fatal(err)
	}
	nc, err := ln.Accept()
	if err != nil {
		w.Fatal(err)
	}
	return c, nc
}

// eachPair runs a test on a plain connection of both kinds.
func eachPair(t *testing.T, f func(w *world, c Conn, peer net.Conn)) {
	each(t, func(w *world) {
		if w.Name()[len(w.Name())-3:] == "tls" {
			return
		}
		w.run(func() {
			c, nc := pair(w)
			defer c.Close()
			defer nc.Close()
			f(w, c, nc)
		})
	})
}

// until runs f and reports if it returned before a time, or, under fake time, at another.
func (w *world) until(at time.Time, f func()) {
	w.Helper()
	f()
	if d := time.Since(at); d < 0 || w.mem != nil && d != 0 {
		w.Errorf("returned %v after the time", d)
	}
}

func (w *world) within(d time.Duration, f func()) {
	w.Helper()
	w.until(time.Now().Add(d), f)
}

func (w *world) timesOut(c Conn) {
	w.Helper()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		w.Error("read:", err)
	}
}

const tick = 30 * time.Millisecond

func TestDeadline(t *testing.T) {
	eachPair(t, func(w *world, c Conn, peer net.Conn) {
		w.timesOutAfter(c, tick)
		w.within(0, func() { w.timesOut(c) })
		send(w.T, peer, "late")
		time.Sleep(tick)
		w.timesOut(c) // a passed deadline fails even where there is something to read
		c.SetReadDeadline(time.Time{})
		expect(w.T, c, "late")
	})
}

func TestDeadlineInThePast(t *testing.T) {
	eachPair(t, func(w *world, c Conn, peer net.Conn) {
		c.SetReadDeadline(time.Unix(1, 0))
		w.timesOut(c)
		c.SetWriteDeadline(c.Info().Opened)
		if n, err := c.Write([]byte("x")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			w.Error(n, err)
		}
		c.SetWriteDeadline(time.Now().Add(time.Minute))
		send(w.T, c, "y")
		expect(w.T, peer, "y")
	})
}

// What the runtime has armed for an earlier wait must not end a later one.
func TestDeadlineMovedLaterBetweenReads(t *testing.T) {
	eachPair(t, func(w *world, c Conn, peer net.Conn) {
		first := time.Now().Add(10 * tick)
		c.SetReadDeadline(first)
		var wg sync.WaitGroup
		wg.Go(func() { time.Sleep(tick / 3); peer.Write([]byte("a")) })
		expect(w.T, c, "a") // has waited: a timer is armed
		wg.Wait()
		last := first.Add(tick)
		c.SetReadDeadline(last)
		w.until(last, func() { w.timesOut(c) })
		w.timesOutAfter(c, tick)
		c.SetReadDeadline(time.Time{})
		wg.Go(func() { time.Sleep(2 * tick); peer.Write([]byte("b")) })
		expect(w.T, c, "b")
		wg.Wait()
	})
}

func TestDeadlineMovedWhileWaiting(t *testing.T) {
	eachPair(t, func(w *world, c Conn, _ net.Conn) {
		var wg sync.WaitGroup
		later := func(d time.Duration, f func()) { wg.Go(func() { time.Sleep(d); w.aside(f) }) }
		start := time.Now()

		c.SetReadDeadline(start.Add(time.Hour))
		later(tick, func() { c.SetReadDeadline(start.Add(2 * tick)) }) // earlier
		w.until(start.Add(2*tick), func() { w.timesOut(c) })
		wg.Wait()

		start = time.Now()
		c.SetReadDeadline(start.Add(2 * tick))
		later(tick, func() { c.SetReadDeadline(start.Add(4 * tick)) }) // later
		w.until(start.Add(4*tick), func() { w.timesOut(c) })
		wg.Wait()

		c.SetReadDeadline(time.Time{})
		start = time.Now()
		later(tick, func() { c.SetReadDeadline(time.Unix(1, 0)) }) // from none to past
		w.until(start.Add(tick), func() { w.timesOut(c) })
		wg.Wait()
	})
}

// Hammers the handshake between a waiter and a setter: no change may be lost.
func TestDeadlineRace(t *testing.T) {
	eachPair(t, func(w *world, c Conn, _ net.Conn) {
		for range 500 {
			c.SetReadDeadline(time.Time{})
			var wg sync.WaitGroup
			wg.Go(func() { w.aside(func() { c.SetReadDeadline(time.Unix(1, 0)) }) })
			w.timesOut(c)
			wg.Wait()
		}
	})
}

func TestStopAndGoOn(t *testing.T) {
	eachPair(t, func(w *world, c Conn, peer net.Conn) {
		failed := errors.New("failed")
		read := func() error {
			_, err := c.Read(make([]byte, 1))
			c.SetReadDeadline(time.Now().Add(time.Hour)) // does not undo the stop
			if _, again := c.Read(make([]byte, 1)); again != ErrStopped {
				w.Error("again:", again)
			}
			return err
		}
		d, other := pair(w)
		defer d.Close()
		defer other.Close()
		ab, ba := w.loop.Duplex(c, d, read, func() error { w.loop.Do(func() { time.Sleep(tick) }); return failed })
		if ab != ErrStopped || ba != failed {
			w.Error(ab, ba)
		}
		send(w.T, peer, "x")
		expect(w.T, c, "x")
		send(w.T, c, "y")
		expect(w.T, peer, "y")
		w.timesOutAfter(c, tick)
	})
}

func (w *world) timesOutAfter(c Conn, d time.Duration) {
	w.Helper()
	at := time.Now().Add(d)
	c.SetReadDeadline(at)
	w.until(at, func() { w.timesOut(c) })
}
