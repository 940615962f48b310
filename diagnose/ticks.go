package diagnose

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// bucket is the resolution in time of what is known of answers, as long as memory allows.
const bucket = 100 * time.Millisecond

// clock is the resolution that all ticks of a diagnosis share. When they become too many, it is made coarser for all.
type clock struct {
	width time.Duration
	size  int // entries of all ticks
	all   []*ticks
}

// maxTicks bounds the entries of all ticks together; 16 bytes each.
const maxTicks = 4 << 20

func newClock() *clock { return &clock{width: bucket} }

// ticks are moments at which something happened, to the resolution of the clock. They are added in about the order of
// time, and sorted once before they are asked.
type ticks struct {
	clock *clock
	at    []int64 // numbers of intervals, ascending once sorted
	sum   []int   // how many happened in each; once sorted, up to and with each
}

func (c *clock) ticks() *ticks {
	k := &ticks{clock: c}
	c.all = append(c.all, k)
	return k
}

func (c *clock) number(t time.Time) int64 { return t.UnixNano() / int64(c.width) }

func (k *ticks) add(t time.Time) {
	b := k.clock.number(t)
	if n := len(k.at); n > 0 && k.at[n-1] == b {
		k.sum[n-1]++
		return
	}
	k.at, k.sum = append(k.at, b), append(k.sum, 1)
	if k.clock.size++; k.clock.size > maxTicks {
		k.clock.coarsen()
	}
}

// coarsen doubles the width of the intervals until half the entries are left.
func (c *clock) coarsen() {
	for c.size > maxTicks/2 {
		c.width *= 2
		c.size = 0
		for _, k := range c.all {
			k.coarsen()
			c.size += len(k.at)
		}
	}
}

func (k *ticks) coarsen() {
	n := 0
	for i := range k.at {
		b := k.at[i] / 2
		if n > 0 && k.at[n-1] == b {
			k.sum[n-1] += k.sum[i]
			continue
		}
		k.at[n], k.sum[n] = b, k.sum[i]
		n++
	}
	k.at, k.sum = slices.Clip(k.at[:n]), slices.Clip(k.sum[:n])
}

// sort brings the ticks of all into order and adds them up.
func (c *clock) sort() {
	for _, k := range c.all {
		k.sort()
	}
}

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

// between is how many happened in a span of time, ends included, to the resolution.
func (k *ticks) between(from, to time.Time) int {
	if k == nil {
		return 0
	}
	first := sort.Search(len(k.at), func(i int) bool { return k.at[i] >= k.clock.number(from) })
	last := sort.Search(len(k.at), func(i int) bool { return k.at[i] > k.clock.number(to) })
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
	if k == nil {
		return time.Time{}, false
	}
	i := sort.Search(len(k.at), func(i int) bool { return k.at[i] > k.clock.number(t) })
	if i == len(k.at) {
		return time.Time{}, false
	}
	return time.Unix(0, k.at[i]*int64(k.clock.width)).UTC(), true
}

// before is the last one before a time.
func (k *ticks) before(t time.Time) (time.Time, bool) {
	if k == nil {
		return time.Time{}, false
	}
	i := sort.Search(len(k.at), func(i int) bool { return k.at[i] >= k.clock.number(t) })
	if i == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, k.at[i-1]*int64(k.clock.width)).UTC(), true
}

// quietBefore reports whether nothing happened for about a time d before t; what came with t does not count.
func (k *ticks) quietBefore(t time.Time, d time.Duration) bool {
	return k.between(t.Add(-d*6/5), t.Add(-d*3/10)) == 0
}

// afterQuiet is how many happened after such a time, and how many in all.
func (k *ticks) afterQuiet(d time.Duration) (some, all int) {
	if k == nil {
		return 0, 0
	}
	for i, at := range k.at {
		n := k.sum[i] - all
		all = k.sum[i]
		if k.quietBefore(time.Unix(0, at*int64(k.clock.width)), d) {
			some += n
		}
	}
	return some, all
}
