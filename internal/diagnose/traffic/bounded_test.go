package traffic

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
	t := NewSummary(Excluded{})
	t.Clock.MaxBins, t.gaps.most, t.Sample.Most = 1<<16, 1<<14, 1<<8
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
		Pool: "web", Settings: "http", Instance: fmt.Sprint("appgw_", i%3), Start: time.Unix(1_800_000_000, int64(i)*10_000_000),
		Method: []byte("GET"), URI: path,
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
		Idle: accesslog.Unset, Stale: accesslog.Unset, Hint: accesslog.Unset, Connect: accesslog.Unset, TLS: accesslog.Unset,
		Send: accesslog.Unset,
		Wait: accesslog.Unset, Receive: accesslog.Unset, HeaderTime: accesslog.Unset, RetryAfter: accesslog.Unset, DeclaredIn: -1,
		Least: -1,
	}
}

// A list that is full of what cannot be thinned takes no more, and takes no time.
func TestGapsThatBreakAreBounded(t *testing.T) {
	t.Parallel()
	room, a, b := gapRoom{most: maxAllGaps}, Gaps{}, Gaps{}
	for i := range 4 * maxGaps {
		room.add(&a, idleGap{Idle: time.Duration(i), How: Broke})
	}
	room.add(&b, idleGap{Idle: time.Second, How: Answered})
	if len(a.List) != maxGaps || len(b.List) != 1 || room.size != maxGaps+1 {
		t.Errorf("%d and %d are kept, %d in all", len(a.List), len(b.List), room.size)
	}
}
