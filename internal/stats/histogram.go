package stats

import (
	"math"
	"time"
)

// Histogram counts durations in buckets that grow by a fixed ratio, so that each is known to one part in a hundred,
// whatever its size. It holds only the buckets between the smallest and the largest.
type Histogram struct {
	First  int // number of the first bucket
	Counts []uint32
	N      int
	Least  time.Duration
	Max    time.Duration
}

// ratio is how much wider a bucket is than the one before.
const ratio = 1.02

var logRatio = math.Log(ratio)

// bucketNumber is that of a duration; everything below a microsecond is one.
func bucketNumber(d time.Duration) int {
	return int(math.Floor(math.Log(max(1, float64(d)/float64(time.Microsecond))) / logRatio))
}

// BucketMiddle is a duration in a bucket.
func BucketMiddle(number int) time.Duration {
	return time.Duration(math.Exp((float64(number)+0.5)*logRatio) * float64(time.Microsecond))
}

// Add counts a duration.
func (h *Histogram) Add(d time.Duration) {
	b := bucketNumber(d)
	switch {
	case h.N == 0:
		h.First, h.Counts, h.Least = b, append(h.Counts, 0), d
	case b < h.First:
		h.Counts = append(make([]uint32, h.First-b), h.Counts...)
		h.First = b
	case b >= h.First+len(h.Counts):
		h.Counts = append(h.Counts, make([]uint32, b-h.First-len(h.Counts)+1)...)
	}
	h.Counts[b-h.First]++
	h.N++
	h.Least, h.Max = min(h.Least, d), max(h.Max, d)
}

// Merge adds what another has counted.
func (h *Histogram) Merge(o *Histogram) {
	for i, n := range o.Counts {
		if n == 0 {
			continue
		}
		h.Add(BucketMiddle(o.First + i))
		h.Counts[o.First+i-h.First] += n - 1
		h.N += int(n) - 1
	}
	if o.N > 0 {
		h.Least, h.Max = min(h.Least, o.Least), max(h.Max, o.Max)
	}
}

// Between is how many lay above a and up to b, to the width of a bucket.
func (h *Histogram) Between(a, b time.Duration) int {
	n := 0
	for i := max(0, bucketNumber(a)+1-h.First); i < len(h.Counts) && h.First+i <= bucketNumber(b); i++ {
		n += int(h.Counts[i])
	}
	return n
}

// Quantile is the duration below which a share p of all lies; 0 of none.
func (h *Histogram) Quantile(p float64) time.Duration {
	if h.N == 0 {
		return 0
	}
	rank := int(p * float64(h.N))
	for i, n := range h.Counts {
		if rank -= int(n); rank < 0 {
			return min(max(BucketMiddle(h.First+i), h.Least), h.Max)
		}
	}
	return h.Max
}
