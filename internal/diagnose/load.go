package diagnose

import (
	"slices"
	"time"
)

// Load is told by arrivals, never by concurrency: slowness itself makes requests pile up.

// load is the traffic of an interval without what failed in it: a failure is no load of its own.
func (i *interval) load() int { return i.requests - i.failures }

// came is all of it, for what waits in vain has to be worked on as well.
func (i *interval) came() int { return i.requests }

// loadTest compares what happens when much traffic comes with what happens when little does.
type loadTest struct {
	n, upper int     // independent events; of these, in the half of the traffic that came at the highest rate
	chance   float64 // that so many do by accident
	low      float64 // requests a second in the quarter of the traffic that came slowest
	high     float64 // and fastest
	waitLow  time.Duration
	waitHigh time.Duration // mean time of answers in members, in those quarters
}

// steep is how much more traffic there must be at the top than at the bottom before anything is concluded from load.
const steep = 3

// withLoad tests whether events come with load.
func (q *inquiry) withLoad(events []*event) loadTest {
	all := q.line.list()
	slices.SortStableFunc(all, func(a, b *interval) int { return a.load() - b.load() })
	total := 0
	for _, i := range all {
		total += i.load()
	}
	var t loadTest
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
		sum.requests, sum.answered, sum.waited, sum.intervals = sum.requests+i.load(), sum.answered+i.answered, sum.waited+i.waited, sum.intervals+1
	}
	if lowSum.intervals > 0 && highSum.intervals > 0 {
		t.low = float64(lowSum.requests) / (float64(lowSum.intervals) * q.line.width.Seconds())
		t.high = float64(highSum.requests) / (float64(highSum.intervals) * q.line.width.Seconds())
		t.waitLow = lowSum.waited / time.Duration(max(1, lowSum.answered))
		t.waitHigh = highSum.waited / time.Duration(max(1, highSum.answered))
	}
	counted := map[*interval]bool{}
	for _, e := range events {
		i := q.line.around(e.start)
		if i == nil || counted[i] {
			continue
		}
		counted[i] = true
		if t.n++; rank[i] > 0.5 {
			t.upper++
		}
	}
	t.chance = binomialTail(t.upper, t.n, upperShare)
	return t
}

// ranks says of each interval, of ascending load, which part of the traffic came at a lower rate, and which part came in
// the intervals of the upper half. Equal loads have equal ranks.
func ranks(all []*interval, total int) (rank map[*interval]float64, upperShare float64) {
	rank = map[*interval]float64{}
	seen := 0
	for i := 0; i < len(all); {
		n, same := i, 0
		for ; n < len(all) && all[n].load() == all[i].load(); n++ {
			same += all[n].load()
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

// rises reports whether the events come with load, by a range of load that is wide enough to tell.
func (t loadTest) rises() bool {
	return t.n >= minEvents && t.chance < significance && t.high >= steep*t.low
}

// asBusy is how many moments were at least as busy as the middle one of those in which events began, and in how many of
// these they did. What load brings about comes whenever there is as much, and not only for a while that was busy too.
func (q *inquiry) asBusy(events []*event, loadOf func(*interval) int) (with, all int) {
	for width := q.line.width; ; width *= 2 {
		moments := q.moments(width, events, loadOf)
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
		usual := quantile(struck, 0.5)
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
// enough to be compared; ok is false where there are none of one kind.
func (q *inquiry) arrivals(events []*event) (then, otherwise float64, ok bool) {
	for width := q.line.width; ; width *= 2 {
		moments := q.moments(width, events, (*interval).came)
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
func (q *inquiry) moments(width time.Duration, events []*event, loadOf func(*interval) int) map[int64]*instant {
	out := map[int64]*instant{}
	at := func(t time.Time) *instant {
		k := t.UnixNano() / int64(width)
		if out[k] == nil {
			out[k] = &instant{}
		}
		return out[k]
	}
	for _, i := range q.line.list() {
		at(i.at).load += loadOf(i)
	}
	for _, e := range events {
		at(e.start).struck = true
	}
	return out
}
