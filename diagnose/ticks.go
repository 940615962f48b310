package diagnose

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// ticks are moments at which something happened, to the bucket. They are added in about the order of time, and sorted
// once before they are asked.
type ticks struct {
	at  []int64 // buckets, ascending once sorted
	sum []int   // how many happened up to and with each
}

// bucket is the resolution in time of what is known of answers.
const bucket = 100 * time.Millisecond

func bucketOf(t time.Time) int64 { return t.UnixNano() / int64(bucket) }

func (k *ticks) add(t time.Time) {
	b := bucketOf(t)
	if n := len(k.at); n > 0 && k.at[n-1] == b {
		k.sum[n-1]++
		return
	}
	k.at, k.sum = append(k.at, b), append(k.sum, 1)
}

// sort brings the ticks into order and adds them up.
func (k *ticks) sort() {
	type tick struct {
		at int64
		n  int
	}
	all := make([]tick, len(k.at))
	for i := range k.at {
		all[i] = tick{k.at[i], k.sum[i]}
	}
	slices.SortFunc(all, func(a, b tick) int { return cmp.Compare(a.at, b.at) })
	total := 0
	for i, t := range all {
		total += t.n
		k.at[i], k.sum[i] = t.at, total
	}
}

// between is how many happened in a span of time, ends included, to the bucket.
func (k *ticks) between(from, to time.Time) int {
	first := sort.Search(len(k.at), func(i int) bool { return k.at[i] >= bucketOf(from) })
	last := sort.Search(len(k.at), func(i int) bool { return k.at[i] > bucketOf(to) })
	if first >= last {
		return 0
	}
	before := 0
	if first > 0 {
		before = k.sum[first-1]
	}
	return k.sum[last-1] - before
}

// after is the first one after a time.
func (k *ticks) after(t time.Time) (time.Time, bool) {
	i := sort.Search(len(k.at), func(i int) bool { return k.at[i] > bucketOf(t) })
	if i == len(k.at) {
		return time.Time{}, false
	}
	return time.Unix(0, k.at[i]*int64(bucket)).UTC(), true
}
