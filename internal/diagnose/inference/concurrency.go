package inference

import (
	"slices"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
)

// ConcurrencyTest compares how much was in progress when a member refused with how much was when it served.
type ConcurrencyTest struct {
	At          *traffic.Concurrency
	N, Above    int     // seconds in which it refused, and those in which it refused only at the level or above
	Level       int     // of work in progress
	Refused     int     // requests that it refused at the level or above
	Served, All int     // requests that it served there, and in all
	chance      float64 // of refusals and work going together by accident, 0 to 1
}

// WithConcurrency tests whether failures come when much is in progress at their member. It is a fair question only where a failure
// is immediate, or where the requests in progress make the next one fail: what waits piles up, and would be its own reason. Of each
// second the failure at the least work counts. The test looks at the one place that has most of these seconds.
func (c *Case) WithConcurrency(events []*traffic.Event) ConcurrencyTest {
	places, groups := traffic.GroupBy(events, (*traffic.Event).ConcurrencyKey)
	var least []int // of each second
	var at *traffic.Concurrency
	var refused traffic.LevelCounts
	for _, k := range places {
		w, l := c.Traffic.Concurrency[k], leastOfEach(groups[k])
		if w == nil || len(l) <= len(least) {
			continue
		}
		least, at, refused = l, w, nil
		for _, e := range groups[k] {
			refused.Add(e.Attempt.Active)
		}
	}
	if len(least) == 0 {
		return ConcurrencyTest{chance: 1}
	}
	slices.Sort(least)
	served := at.Busy
	t := ConcurrencyTest{At: at, N: len(least), Level: least[len(least)/10], chance: 1}
	t.Above = len(least) - len(least)/10
	above, below := served.Split(t.Level)
	t.Refused, _ = refused.Split(t.Level)
	t.Refused = c.Extrapolate(t.Refused)
	if t.Served, t.All = above, above+below; t.All >= stats.MinEvents && t.Level > 0 {
		t.chance = min(1, stats.BinomialTail(t.Above, t.N, float64(above+1)/float64(t.All+1))*float64(len(served)))
	}
	return t
}

// leastOfEach is the least work in progress at which an event was, of each second.
func leastOfEach(events []*traffic.Event) []int {
	var least []int
	last := int64(0)
	for _, e := range events {
		if n := len(least); e.At.Unix() != last {
			least = append(least, e.Attempt.Active)
		} else {
			least[n-1] = min(least[n-1], e.Attempt.Active)
		}
		last = e.At.Unix()
	}
	return least
}

// Rises reports whether the failures come with work in progress.
func (t ConcurrencyTest) Rises() bool { return t.N >= 3 && t.chance < stats.Significance }
