//go:build linux && !race

package conn

import (
	"testing"
	"time"
)

// A request's worth of calls allocates nothing.
func TestNoAllocations(t *testing.T) {
	c, far := sockets(t)
	h := &NewGoroutines(nil).loop
	b, p := make([]byte, 10), make([]byte, 10)
	key := Key{Addr: c.Info().Remote}
	now := time.Now()
	fit := func(in *Info) bool { return true }
	h.Pool.Put(key, c, now)
	got := testing.AllocsPerRun(200, func() {
		h.Pool.Get(key, fit)
		c.SetWriteDeadline(now.Add(time.Hour))
		c.Writev(b[:5], b[5:])
		far.Read(p)
		far.Write(p)
		c.SetReadDeadline(now.Add(time.Hour))
		c.Read(p)
		KernelOf(c)
		h.Pool.Put(key, c, now)
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}
