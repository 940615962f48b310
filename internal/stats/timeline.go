package stats

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"time"
)

// BinWidth is the resolution in time of what is known of answers, as long as memory allows.
const BinWidth = 100 * time.Millisecond

// Clock is the resolution that all ticks of a diagnosis share. When they become too many, it is made coarser for all.
type Clock struct {
	width   time.Duration
	size    int // entries of all ticks
	MaxBins int // of them; about half as many after they were made coarser
	all     []*Timeline
}

// maxTicks bounds the entries of all ticks together, at two or three bytes each.
const maxTicks = 4 << 20

// NewClock makes a clock at the finest resolution, BinWidth.
func NewClock() *Clock { return &Clock{width: BinWidth, MaxBins: maxTicks} }

// Timeline are moments at which something happened, to the resolution of the clock. They are added in about the order of
// time, and sorted once before they are read. A long log leaves more of them than of anything else, so they are kept as
// text of two or three bytes each: how far an interval is from the one before, and how many happened in it.
type Timeline struct {
	Clock *Clock
	text  []byte
	last  Bin   // not in the text yet
	prior int64 // number of the interval that is the last one in the text
	size  int
	stops []checkpoint // in order, once sorted
}

// Bin is what happened in one interval.
type Bin struct {
	At int64 // number of the interval
	N  int
}

// checkpoint is a place in the text, and what had happened up to there.
type checkpoint struct {
	offset int
	at     int64 // number of the interval before it
	sum    int
}

// betweenStops is how many ticks are read, at most, to find one.
const betweenStops = 16

// NewTimeline makes a timeline whose resolution follows the clock.
func (c *Clock) NewTimeline() *Timeline {
	k := &Timeline{Clock: c}
	c.all = append(c.all, k)
	return k
}

// EmptyTimeline makes a timeline that stays empty.
func (c *Clock) EmptyTimeline() *Timeline { return &Timeline{Clock: c} }

// Number is that of the interval that holds t, at the present resolution.
func (c *Clock) Number(t time.Time) int64 { return t.UnixNano() / int64(c.width) }

// begin is when an interval begins.
func (c *Clock) begin(number int64) time.Time { return time.Unix(0, number*int64(c.width)).UTC() }

// Add counts a moment. It may make the clock coarser.
func (k *Timeline) Add(t time.Time) {
	k.put(Bin{k.Clock.Number(t), 1})
	if k.Clock.size > k.Clock.MaxBins {
		k.Clock.coarsen()
	}
}

// put adds what happened in an interval, to the last one if it is the same.
func (k *Timeline) put(t Bin) {
	if k.last.N > 0 && k.last.At == t.At {
		k.last.N += t.N
		return
	}
	k.flush()
	k.last = t
	k.size++
	k.Clock.size++
}

// flush writes the last one into the text.
func (k *Timeline) flush() {
	if k.last.N > 0 {
		k.text = binary.AppendUvarint(binary.AppendVarint(k.text, k.last.At-k.prior), uint64(k.last.N))
		k.prior, k.last.N = k.last.At, 0
	}
}

// Next reads the tick at a stop, and moves it on. At the end it is none.
func (k *Timeline) Next(s *checkpoint) (t Bin) {
	if s.offset == len(k.text) {
		return t
	}
	step, a := binary.Varint(k.text[s.offset:])
	n, b := binary.Uvarint(k.text[s.offset+a:])
	s.offset, s.at, s.sum = s.offset+a+b, s.at+step, s.sum+int(n)
	return Bin{s.at, int(n)}
}

// list is all of them, in the room of a list that is not needed any more.
func (k *Timeline) list(out []Bin) []Bin {
	k.flush()
	out = out[:0]
	for s := (checkpoint{}); s.offset < len(k.text); {
		out = append(out, k.Next(&s))
	}
	return out
}

// Each gives all of them, once they are sorted.
func (k *Timeline) Each(do func(Bin)) {
	if k == nil {
		return
	}
	for s := (checkpoint{}); s.offset < len(k.text); {
		do(k.Next(&s))
	}
}

// replace puts others in place of all.
func (k *Timeline) replace(list []Bin) {
	k.Clock.size -= k.size
	k.text, k.last, k.prior, k.size = k.text[:0], Bin{}, 0, 0
	for _, t := range list {
		k.put(t)
	}
	k.flush()
}

// coarsen doubles the width of the intervals until half the entries are left.
func (c *Clock) coarsen() {
	var list []Bin
	for c.size > c.MaxBins/2 {
		c.width *= 2
		for _, k := range c.all {
			list = k.list(list)
			for i := range list {
				list[i].At /= 2
			}
			k.replace(list)
		}
	}
}

// Sort brings the ticks of all into order.
func (c *Clock) Sort() {
	var list []Bin
	for _, k := range c.all {
		list = k.list(list)
		slices.SortFunc(list, func(a, b Bin) int { return cmp.Compare(a.At, b.At) })
		k.replace(list)
		k.stop()
	}
}

// stop notes the places from which single ticks are found.
func (k *Timeline) stop() {
	for i, s := 0, (checkpoint{}); s.offset < len(k.text); i++ {
		if i%betweenStops == 0 {
			k.stops = append(k.stops, s)
		}
		k.Next(&s)
	}
}

// Until is the place before the first tick with a number, or a larger one.
func (k *Timeline) Until(number int64) checkpoint {
	behind := sort.Search(len(k.stops), func(i int) bool { return i > 0 && k.stops[i].at >= number })
	if behind == 0 {
		return checkpoint{}
	}
	for s := k.stops[behind-1]; ; {
		here := s
		if t := k.Next(&s); t.N == 0 || t.At >= number {
			return here
		}
	}
}

// Between is how many happened in a span of time, ends included, to the resolution.
func (k *Timeline) Between(from, to time.Time) int {
	if k == nil {
		return 0
	}
	return max(0, k.Until(k.Clock.Number(to)+1).sum-k.Until(k.Clock.Number(from)).sum)
}

// After is the first one after a time.
func (k *Timeline) After(t time.Time) (time.Time, bool) {
	if k == nil {
		return time.Time{}, false
	}
	s := k.Until(k.Clock.Number(t) + 1)
	found := k.Next(&s)
	return k.Clock.begin(found.At), found.N > 0
}

// Before is the last one before a time.
func (k *Timeline) Before(t time.Time) (time.Time, bool) {
	if k == nil {
		return time.Time{}, false
	}
	s := k.Until(k.Clock.Number(t))
	return k.Clock.begin(s.at), s.offset > 0
}

// QuietBefore reports whether nothing happened for about a time d before t; what came with t does not count.
func (k *Timeline) QuietBefore(t time.Time, d time.Duration) bool {
	return k.Between(t.Add(-d*6/5), t.Add(-d*3/10)) == 0
}

// Count is how many happened, and in how many intervals.
type Count struct{ N, Times int }

// AfterQuiet parts what happened after such a time from the rest.
func (k *Timeline) AfterQuiet(d time.Duration) (first, rest Count) {
	if k == nil {
		return first, rest
	}
	for s := (checkpoint{}); s.offset < len(k.text); {
		t := k.Next(&s)
		part := &rest
		if k.QuietBefore(k.Clock.begin(t.At), d) {
			part = &first
		}
		part.N, part.Times = part.N+t.N, part.Times+1
	}
	return first, rest
}
