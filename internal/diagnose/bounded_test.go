package diagnose

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// What a diagnosis holds does not grow with the log, even if no URL comes twice. The bounds are lowered, so that a short
// log reaches them.
func TestMemoryIsBounded(t *testing.T) {
	const records = 60_000
	once, tenfold := heldAfter(records), heldAfter(10*records)
	if tenfold > once*5/4 {
		t.Errorf("%d KiB are held after %d records, %d KiB after %d", once>>10, records, tenfold>>10, 10*records)
	}
}

// heldAfter is the memory that a tally of so many records holds.
func heldAfter(records int) int64 {
	before := heap()
	t := newTally(leftOut{})
	t.clock.most, t.gaps.most, t.sample.most = 1<<16, 1<<14, 1<<8
	for i := range records {
		r := distinct(i)
		t.add(&r, false)
	}
	held := heap() - before
	runtime.KeepAlive(t)
	return held
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// distinct is a request with a URL of its own; one in fifty fails, and most come over a connection that was used before.
func distinct(i int) accesslog.Record {
	path := []byte("/shop/")
	for n := i + 1; n > 0; n /= 26 {
		path = append(path, byte('a'+n%26))
	}
	server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(4 + i%8)}), 80)
	took := time.Duration(20+i%977) * time.Millisecond
	r := accesslog.Record{
		Pool: "web", Settings: "http", Instance: fmt.Sprint("appgw_", i%3), Start: time.Unix(1_800_000_000, int64(i)*10_000_000), Method: []byte("GET"), URI: path,
		Status: 200, Taken: took, Transaction: [16]byte{byte(i), byte(i >> 8), byte(i >> 16), 1}, ErrorInfo: fault.NoError,
	}
	a := blank()
	a.Member, a.Server, a.LocalPort, a.Status, a.Total = "10.0.0.4", server, uint16(1024+i%480), 200, took
	if i%50 == 0 {
		r.Status, a.Status, r.ErrorInfo = 502, 0, fault.UpstreamClosed
	}
	r.Attempts = []accesslog.Attempt{a}
	return r
}

func blank() accesslog.Attempt {
	return accesslog.Attempt{
		Idle: accesslog.Unset, Stale: accesslog.Unset, Hint: accesslog.Unset, Connect: accesslog.Unset, TLS: accesslog.Unset, Send: accesslog.Unset,
		Wait: accesslog.Unset, Receive: accesslog.Unset, HeaderTime: accesslog.Unset, RetryAfter: accesslog.Unset, DeclaredIn: -1, Least: -1,
	}
}

// A list that is full of what cannot be thinned takes no more, and takes no time.
func TestGapsThatBreakAreBounded(t *testing.T) {
	room, a, b := gapRoom{most: maxAllGaps}, gaps{}, gaps{}
	for i := range 4 * maxGaps {
		room.add(&a, time.Duration(i), broke)
	}
	room.add(&b, time.Second, answered)
	if len(a.list) != maxGaps || len(b.list) != 1 || room.size != maxGaps+1 {
		t.Errorf("%d and %d are kept, %d in all", len(a.list), len(b.list), room.size)
	}
}

// Times are found again whatever the order in which they came, and counted in coarser intervals where they are too many.
func TestTicks(t *testing.T) {
	at := func(i int) time.Time { return time.Unix(1_800_000_000, 0).Add(time.Duration(i) * bucket) }
	for _, most := range []int{maxTicks, 256} {
		c := newClock()
		c.most = most
		k := c.ticks()
		for i := range 1000 {
			k.add(at(3 * (i * 7 % 1000)))
		}
		c.sort()
		slack := int(c.width / bucket)
		if n := k.between(at(300), at(599)); n < 100-slack || n > 100+slack {
			t.Errorf("with room for %d: %d in a tenth, want 100", most, n)
		}
		if n := k.between(at(-10), at(4000)); n != 1000 {
			t.Errorf("with room for %d: %d in all, want 1000", most, n)
		}
		after, ok1 := k.after(at(301))
		before, ok2 := k.before(at(301))
		if !ok1 || !ok2 || after.Sub(at(303)).Abs() > 2*c.width || before.Sub(at(300)).Abs() > 2*c.width {
			t.Errorf("with room for %d: %v after, %v before", most, after, before)
		}
		if _, ok := k.after(at(4000)); ok {
			t.Error("something is after the last")
		}
		if _, ok := k.before(at(-100)); ok {
			t.Error("something is before the first")
		}
		if some, rest := k.afterQuiet(bucket); some.n+rest.n != 1000 || most == maxTicks && some.n != 1000 {
			t.Errorf("%d after a quiet time, %d others", some.n, rest.n)
		}
	}
}
