package conn

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// bench is a home with a listener whose accepted ends are kept.
type bench struct {
	*world
	h    *Loop
	addr netip.AddrPort
	ln   net.Listener
	far  []net.Conn
}

func pool(t *testing.T, f func(b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, true, false)
		ln := w.listen()
		b := &bench{world: w, h: w.loop, ln: ln, addr: address(ln.Addr())}
		f(b)
		b.h.Pool.Sweep(time.Now().Add(time.Hour))
		for _, c := range b.far {
			c.Close()
		}
	})
}

// open dials, and keeps the far end at the same index.
func (b *bench) open() Conn {
	b.Helper()
	c, err := b.h.Dial(b.addr, time.Time{})
	if err != nil {
		b.Fatal(err)
	}
	nc, err := b.ln.Accept()
	if err != nil {
		b.Fatal(err)
	}
	b.far = append(b.far, nc)
	return c
}

func (b *bench) takes(key Key, fit func(*Info) bool, want Conn, wantStale time.Duration) {
	b.Helper()
	c, stale := b.h.Pool.Get(key, fit)
	if c != want || stale != wantStale {
		b.Errorf("took %v, stale %v; want %v, %v", c, stale, want, wantStale)
	}
}

func (b *bench) closed(i int) {
	b.Helper()
	if _, err := b.far[i].Read(make([]byte, 1)); err == nil {
		b.Error("connection", i, "spoke")
	}
}

func TestPoolLastUsedFirst(t *testing.T) {
	pool(t, func(b *bench) {
		key, other := Key{Addr: b.addr}, Key{b.addr, 1}
		c0, c1 := b.open(), b.open()
		if c0.Info().ID == c1.Info().ID {
			b.Error("the same serial number twice")
		}
		b.takes(key, nil, nil, -1)
		b.h.Pool.Put(key, c0, time.Now())
		b.h.Pool.Put(key, c1, time.Now())
		b.takes(other, nil, nil, -1)
		if b.h.Pool.Len() != 2 {
			b.Error("idle:", b.h.Pool.Len())
		}
		b.takes(key, nil, c1, -1)
		b.h.Pool.Put(key, c1, time.Now())
		b.takes(key, nil, c1, -1)
		b.takes(key, nil, c0, -1)
		if c1.Info().Uses != 2 || c0.Info().Uses != 1 || b.h.Pool.Len() != 0 {
			b.Error(c1.Info().Uses, c0.Info().Uses, b.h.Pool.Len())
		}
		c0.Close()
		c1.Close()
	})
}

func TestPoolTellsTheAgeOfTheYoungestStale(t *testing.T) {
	pool(t, func(b *bench) {
		key := Key{Addr: b.addr}
		c := []Conn{b.open(), b.open(), b.open(), b.open()}
		for _, x := range c {
			b.h.Pool.Put(key, x, time.Now())
			time.Sleep(time.Second)
		}
		b.far[1].Close()
		b.far[2].Close()
		b.far[3].Write([]byte("HTTP/1.1 408 Request Timeout\r\n")) // out of turn
		time.Sleep(time.Second)
		b.takes(key, nil, c[0], 2*time.Second)
		b.closed(3)
		c[0].Close()
	})
}

func TestPoolClosesWhatDoesNotFit(t *testing.T) {
	pool(t, func(b *bench) {
		key := Key{Addr: b.addr}
		c0, c1 := b.open(), b.open()
		c0.Info().Hint = 10 * time.Second
		c1.Info().Hint = 2 * time.Second
		b.h.Pool.Put(key, c0, time.Now())
		b.h.Pool.Put(key, c1, time.Now())
		time.Sleep(5 * time.Second)
		fit := func(in *Info) bool { return time.Since(in.Idle) < in.Hint }
		b.takes(key, fit, c0, -1) // too old is not stale
		b.closed(1)
		b.h.Pool.Put(key, c0, time.Now())
		b.takes(key, func(*Info) bool { return false }, nil, -1)
		b.closed(0)
	})
}

func TestPoolPurge(t *testing.T) {
	pool(t, func(b *bench) {
		key, other := Key{Addr: b.addr}, Key{b.addr, 7}
		c0, c1, c2 := b.open(), b.open(), b.open()
		b.h.Pool.Put(key, c0, time.Now())
		b.h.Pool.Put(key, c1, time.Now())
		b.h.Pool.Put(other, c2, time.Now())
		b.h.Pool.Drop(key)
		b.closed(0)
		b.closed(1)
		b.takes(key, nil, nil, -1)
		if b.h.Pool.Len() != 1 {
			b.Error("idle:", b.h.Pool.Len())
		}
		b.takes(other, nil, c2, -1)
		c2.Close()
	})
}

func TestPoolSweep(t *testing.T) {
	pool(t, func(b *bench) {
		key := Key{Addr: b.addr}
		c := []Conn{b.open(), b.open(), b.open()}
		for _, x := range c {
			b.h.Pool.Put(key, x, time.Now())
			time.Sleep(time.Second)
		}
		b.far[1].Close()
		b.h.Pool.Sweep(time.Now().Add(-2500 * time.Millisecond)) // older than that: the first
		b.closed(0)
		if b.h.Pool.Len() != 1 {
			b.Error("idle:", b.h.Pool.Len())
		}
		b.takes(key, nil, c[2], -1)
		b.h.Pool.Sweep(time.Now())
		if len(b.h.Pool.idle) != 0 {
			b.Error("an empty list is kept")
		}
		c[2].Close()
	})
}

func TestPoolIsBounded(t *testing.T) {
	pool(t, func(b *bench) {
		key := Key{Addr: b.addr}
		for range maxIdle + 3 {
			b.h.Pool.Put(key, b.open(), time.Now())
		}
		if b.h.Pool.Len() != maxIdle {
			b.Error("idle:", b.h.Pool.Len())
		}
		for i := range 3 {
			b.closed(i)
		}
		if c, _ := b.h.Pool.Get(key, nil); c.Info().ID != maxIdle+3 {
			b.Error("took", c.Info().ID)
		} else {
			c.Close()
		}
	})
}
