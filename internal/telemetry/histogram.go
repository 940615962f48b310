package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// bounds are the upper ends of a histogram's buckets, each part of its own.
var bounds = [...]time.Duration{
	1 * time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, 1 * time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 20 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
}

// histogram counts durations. Whole numbers make that two atomic additions, which wait for nobody.
type histogram struct {
	buckets [len(bounds) + 1]atomic.Uint64 // each on its own; the last: longer than all bounds
	sum     atomic.Int64                   // nanoseconds beyond those in wraps
	wraps   atomic.Int64                   // times that wrap nanoseconds were taken out of sum
}

// wrap keeps the sum within its bounds: a busy gateway fills 63 bits of nanoseconds within weeks.
const wrap = 1 << 62

func (h *histogram) observe(d time.Duration) {
	at := 0
	for at < len(bounds) && d > bounds[at] {
		at++
	}
	h.buckets[at].Add(1)
	if h.sum.Add(int64(d)) >= wrap { // another goroutine that sees it takes out as much, and counts that too
		h.sum.Add(-wrap)
		h.wraps.Add(1)
	}
}

// seconds is the sum of all durations.
func (h *histogram) seconds() float64 {
	return (float64(h.wraps.Load())*wrap + float64(h.sum.Load())) / float64(time.Second)
}

// metric is the histogram as Prometheus has it.
func (h *histogram) metric(desc *prometheus.Desc, labels ...string) prometheus.Metric {
	var count uint64
	upTo := make(map[float64]uint64, len(bounds))
	for i, bound := range bounds {
		count += h.buckets[i].Load()
		upTo[bound.Seconds()] = count
	}
	count += h.buckets[len(bounds)].Load()
	return prometheus.MustNewConstHistogram(desc, count, h.seconds(), upTo, labels...)
}
