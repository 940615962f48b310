package diagnose

import (
	"cmp"
	"encoding/binary"
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
	most  int // of them; about half as many after they were made coarser
	all   []*ticks
}

// maxTicks bounds the entries of all ticks together, at two or three bytes each.
const maxTicks = 4 << 20

func newClock() *clock { return &clock{width: bucket, most: maxTicks} }

// ticks are moments at which something happened, to the resolution of the clock. They are added in about the order of
// time, and sorted once before they are asked. A long log leaves more of them than of anything else, so they are kept as
// text of two or three bytes each: how far an interval is from the one before, and how many happened in it.
type ticks struct {
	clock *clock
	text  []byte
	last  beat  // not in the text yet
	prior int64 // number of the interval that is the last one in the text
	size  int
	stops []stop // in order, once sorted
}

// beat is what happened in one interval.
type beat struct {
	at int64 // number of the interval
	n  int
}

// stop is a place in the text, and what had happened up to there.
type stop struct {
	offset int
	at     int64 // number of the interval before it
	sum    int
}

// betweenStops is how many ticks are read, at most, to find one.
const betweenStops = 16

func (c *clock) ticks() *ticks {
	k := &ticks{clock: c}
	c.all = append(c.all, k)
	return k
}

func (c *clock) number(t time.Time) int64 { return t.UnixNano() / int64(c.width) }

// begin is when an interval begins.
func (c *clock) begin(number int64) time.Time { return time.Unix(0, number*int64(c.width)).UTC() }

func (k *ticks) add(t time.Time) {
	k.put(beat{k.clock.number(t), 1})
	if k.clock.size > k.clock.most {
		k.clock.coarsen()
	}
}

// put adds what happened in an interval, to the last one if it is the same.
func (k *ticks) put(t beat) {
	if k.last.n > 0 && k.last.at == t.at {
		k.last.n += t.n
		return
	}
	k.flush()
	k.last = t
	k.size++
	k.clock.size++
}

// flush writes the last one into the text.
func (k *ticks) flush() {
	if k.last.n > 0 {
		k.text = binary.AppendUvarint(binary.AppendVarint(k.text, k.last.at-k.prior), uint64(k.last.n))
		k.prior, k.last.n = k.last.at, 0
	}
}

// next reads the tick at a stop, and moves it on. At the end it is none.
func (k *ticks) next(s *stop) (t beat) {
	if s.offset == len(k.text) {
		return t
	}
	step, a := binary.Varint(k.text[s.offset:])
	n, b := binary.Uvarint(k.text[s.offset+a:])
	s.offset, s.at, s.sum = s.offset+a+b, s.at+step, s.sum+int(n)
	return beat{s.at, int(n)}
}

// list is all of them, in the room of a list that is not needed any more.
func (k *ticks) list(out []beat) []beat {
	k.flush()
	out = out[:0]
	for s := (stop{}); s.offset < len(k.text); {
		out = append(out, k.next(&s))
	}
	return out
}

// each gives all of them, once they are sorted.
func (k *ticks) each(do func(beat)) {
	if k == nil {
		return
	}
	for s := (stop{}); s.offset < len(k.text); {
		do(k.next(&s))
	}
}

// replace puts others in place of all.
func (k *ticks) replace(list []beat) {
	k.clock.size -= k.size
	k.text, k.last, k.prior, k.size = k.text[:0], beat{}, 0, 0
	for _, t := range list {
		k.put(t)
	}
	k.flush()
}

// coarsen doubles the width of the intervals until half the entries are left.
func (c *clock) coarsen() {
	var list []beat
	for c.size > c.most/2 {
		c.width *= 2
		for _, k := range c.all {
			list = k.list(list)
			for i := range list {
				list[i].at /= 2
			}
			k.replace(list)
		}
	}
}

// sort brings the ticks of all into order.
func (c *clock) sort() {
	var list []beat
	for _, k := range c.all {
		list = k.list(list)
		slices.SortFunc(list, func(a, b beat) int { return cmp.Compare(a.at, b.at) })
		k.replace(list)
		k.stop()
	}
}

// stop notes the places from which single ticks are found.
func (k *ticks) stop() {
	for i, s := 0, (stop{}); s.offset < len(k.text); i++ {
		if i%betweenStops == 0 {
			k.stops = append(k.stops, s)
		}
		k.next(&s)
	}
}

// until is the place before the first tick with a number, or a larger one.
func (k *ticks) until(number int64) stop {
	behind := sort.Search(len(k.stops), func(i int) bool { return i > 0 && k.stops[i].at >= number })
	if behind == 0 {
		return stop{}
	}
	for s := k.stops[behind-1]; ; {
		here := s
		if t := k.next(&s); t.n == 0 || t.at >= number {
			return here
		}
	}
}

// between is how many happened in a span of time, ends included, to the resolution.
func (k *ticks) between(from, to time.Time) int {
	if k == nil {
		return 0
	}
	return max(0, k.until(k.clock.number(to)+1).sum-k.until(k.clock.number(from)).sum)
}

// after is the first one after a time.
func (k *ticks) after(t time.Time) (time.Time, bool) {
	if k == nil {
		return time.Time{}, false
	}
	s := k.until(k.clock.number(t) + 1)
	found := k.next(&s)
	return k.clock.begin(found.at), found.n > 0
}

// before is the last one before a time.
func (k *ticks) before(t time.Time) (time.Time, bool) {
	if k == nil {
		return time.Time{}, false
	}
	s := k.until(k.clock.number(t))
	return k.clock.begin(s.at), s.offset > 0
}

// quietBefore reports whether nothing happened for about a time d before t; what came with t does not count.
func (k *ticks) quietBefore(t time.Time, d time.Duration) bool {
	return k.between(t.Add(-d*6/5), t.Add(-d*3/10)) == 0
}

// crowd is how many happened, and in how many intervals.
type crowd struct{ n, times int }

// afterQuiet parts what happened after such a time from the rest.
func (k *ticks) afterQuiet(d time.Duration) (first, rest crowd) {
	if k == nil {
		return first, rest
	}
	for s := (stop{}); s.offset < len(k.text); {
		t := k.next(&s)
		part := &rest
		if k.quietBefore(k.clock.begin(t.at), d) {
			part = &first
		}
		part.n, part.times = part.n+t.n, part.times+1
	}
	return first, rest
}
