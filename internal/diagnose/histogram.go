package diagnose

import (
	"math"
	"time"
)

// histogram counts durations in buckets that grow by a fixed ratio, so that each is known to one part in a hundred,
// whatever its size. It holds only the buckets between the smallest and the largest.
type histogram struct {
	first  int // number of the first bucket
	counts []uint32
	n      int
	least  time.Duration
	most   time.Duration
}

// ratio is how much wider a bucket is than the one before.
const ratio = 1.02

var logRatio = math.Log(ratio)

// bucketNumber is that of a duration; everything below a microsecond is one.
func bucketNumber(d time.Duration) int {
	return int(math.Floor(math.Log(max(1, float64(d)/float64(time.Microsecond))) / logRatio))
}

// middleOf is a duration in a bucket.
func middleOf(number int) time.Duration {
	return time.Duration(math.Exp((float64(number)+0.5)*logRatio) * float64(time.Microsecond))
}

func (h *histogram) add(d time.Duration) {
	b := bucketNumber(d)
	switch {
	case h.n == 0:
		h.first, h.counts, h.least = b, append(h.counts, 0), d
	case b < h.first:
		h.counts = append(make([]uint32, h.first-b), h.counts...)
		h.first = b
	case b >= h.first+len(h.counts):
		h.counts = append(h.counts, make([]uint32, b-h.first-len(h.counts)+1)...)
	}
	h.counts[b-h.first]++
	h.n++
	h.least, h.most = min(h.least, d), max(h.most, d)
}

// merge adds what another has counted.
func (h *histogram) merge(o *histogram) {
	for i, n := range o.counts {
		if n == 0 {
			continue
		}
		h.add(middleOf(o.first + i))
		h.counts[o.first+i-h.first] += n - 1
		h.n += int(n) - 1
	}
	if o.n > 0 {
		h.least, h.most = min(h.least, o.least), max(h.most, o.most)
	}
}

// between is how many lay above a and up to b, to the width of a bucket.
func (h *histogram) between(a, b time.Duration) int {
	n := 0
	for i := max(0, bucketNumber(a)+1-h.first); i < len(h.counts) && h.first+i <= bucketNumber(b); i++ {
		n += int(h.counts[i])
	}
	return n
}

// quantile is the duration below which a share p of all lies; 0 of none.
func (h *histogram) quantile(p float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := int(p * float64(h.n))
	for i, n := range h.counts {
		if rank -= int(n); rank < 0 {
			return min(max(middleOf(h.first+i), h.least), h.most)
		}
	}
	return h.most
}
