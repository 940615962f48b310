package inference

import (
	"slices"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
)

// Arrivals measure load, never concurrency: slowness itself makes requests pile up.

// Load is the number of requests of an interval that did not fail: a failure is no load of its own.
func Load(i *traffic.Bucket) int { return i.Requests - i.Failures }

// came is the number of all requests of an interval, because members work on those that time out as well.
func came(i *traffic.Bucket) int { return i.Requests }

// LoadTest compares what happens when much traffic comes with what happens when little does.
type LoadTest struct {
	N, Upper int     // independent events, and those in the half of the traffic that came at the highest rate
	chance   float64 // of so many there by accident, 0 to 1
	Low      float64 // requests a second in the quarter of the traffic that came slowest
	High     float64 // requests a second in the quarter that came fastest
	WaitLow  time.Duration
	WaitHigh time.Duration // mean time of answers in members, in those quarters
}

// steep is how much more traffic there must be at the top than at the bottom before anything is concluded from load.
const steep = 3

// WithLoad tests whether events come with load.
func (c *Case) WithLoad(events []*traffic.Event) LoadTest {
	all := c.Traffic.Line.List()
	slices.SortStableFunc(all, func(a, b *traffic.Bucket) int { return Load(a) - Load(b) })
	total := 0
	for _, i := range all {
		total += Load(i)
	}
	var t LoadTest
	if total == 0 {
		return t
	}
	rank, upperShare := ranks(all, total)
	var lowSum, highSum struct {
		requests, answered, intervals int
		waited                        time.Duration
	}
	for _, i := range all {
		sum := &lowSum
		if rank[i] > 0.75 {
			sum = &highSum
		} else if rank[i] > 0.25 {
			continue
		}
		sum.requests, sum.answered, sum.waited, sum.intervals = sum.requests+Load(i), sum.answered+i.Answered, sum.waited+i.Waited,
			sum.intervals+1
	}
	if lowSum.intervals > 0 && highSum.intervals > 0 {
		t.Low = float64(lowSum.requests) / (float64(lowSum.intervals) * c.Traffic.Line.Width.Seconds())
		t.High = float64(highSum.requests) / (float64(highSum.intervals) * c.Traffic.Line.Width.Seconds())
		t.WaitLow = lowSum.waited / time.Duration(max(1, lowSum.answered))
		t.WaitHigh = highSum.waited / time.Duration(max(1, highSum.answered))
	}
	counted := map[*traffic.Bucket]bool{}
	for _, e := range events {
		i := c.Traffic.Line.Around(e.Start)
		if i == nil || counted[i] {
			continue
		}
		counted[i] = true
		if t.N++; rank[i] > 0.5 {
			t.Upper++
		}
	}
	t.chance = stats.BinomialTail(t.Upper, t.N, upperShare)
	return t
}

// ranks gives, for each interval of ascending load, the part of the traffic that came at a lower rate, and the part that came in
// the intervals of the upper half. Equal loads have equal ranks.
func ranks(all []*traffic.Bucket, total int) (rank map[*traffic.Bucket]float64, upperShare float64) {
	rank = map[*traffic.Bucket]float64{}
	seen := 0
	for i := 0; i < len(all); {
		n, same := i, 0
		for ; n < len(all) && Load(all[n]) == Load(all[i]); n++ {
			same += Load(all[n])
		}
		for ; i < n; i++ {
			rank[all[i]] = (float64(seen) + float64(same)/2) / float64(total)
		}
		if seen += same; rank[all[n-1]] > 0.5 {
			upperShare += float64(same) / float64(total)
		}
	}
	return rank, upperShare
}

// Rises reports whether the events come with load, by a range of load that is wide enough to tell.
func (t LoadTest) Rises() bool {
	return t.N >= stats.MinEvents && t.chance < stats.Significance && t.High >= steep*t.Low
}

// AsBusy is how many moments were at least as busy as the middle one of those in which events began, and in how many of
// those events did begin. What load causes happens whenever there is as much load, not only for a while that was busy too.
func (c *Case) AsBusy(events []*traffic.Event, loadOf func(*traffic.Bucket) int) (with, all int) {
	for width := c.Traffic.Line.Width; ; width *= 2 {
		moments := c.moments(width, events, loadOf)
		var struck []int
		for _, m := range moments {
			if m.struck {
				struck = append(struck, m.load)
			}
		}
		if len(struck) == 0 {
			return 0, 0
		}
		slices.Sort(struck)
		usual := stats.Quantile(struck, 0.5)
		if usual < enoughToCompare && width < time.Minute {
			continue
		}
		for _, m := range moments {
			if m.load < usual {
				continue
			}
			if all++; m.struck {
				with++
			}
		}
		return with, all
	}
}

// enoughToCompare is how many requests a moment must have before it is busier than another one by more than accident.
const enoughToCompare = 10

// instant is a piece of time: how much came in it, and whether any of some events was in it.
type instant struct {
	load   int
	struck bool
}

// arrivals are how many requests came in a second while events began, and at other times, in pieces of time that are long
// enough to compare; ok is false if there are no seconds with events, or none without.
func (c *Case) arrivals(events []*traffic.Event) (then, otherwise float64, ok bool) {
	for width := c.Traffic.Line.Width; ; width *= 2 {
		moments := c.moments(width, events, came)
		var struck, other, n, rest int
		for _, m := range moments {
			if m.struck {
				struck, n = struck+m.load, n+1
			} else {
				other, rest = other+m.load, rest+1
			}
		}
		if width < time.Minute && (struck+other) < enoughToCompare*(n+rest) {
			continue
		}
		if n == 0 || rest == 0 {
			return 0, 0, false
		}
		return float64(struck) / (float64(n) * width.Seconds()), float64(other) / (float64(rest) * width.Seconds()), true
	}
}

// moments cuts the window into pieces of a width.
func (c *Case) moments(width time.Duration, events []*traffic.Event, loadOf func(*traffic.Bucket) int) map[int64]*instant {
	out := map[int64]*instant{}
	at := func(t time.Time) *instant {
		k := t.UnixNano() / int64(width)
		if out[k] == nil {
			out[k] = &instant{}
		}
		return out[k]
	}
	for _, i := range c.Traffic.Line.List() {
		at(i.At).load += loadOf(i)
	}
	for _, e := range events {
		at(e.Start).struck = true
	}
	return out
}
