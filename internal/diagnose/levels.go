package diagnose

import (
	"math"
	"net/http"
	"slices"
	"time"

	"causeway/internal/accesslog"
)

// work is what one instance of the gateway had in progress at a member when it asked it. Another instance does not see that,
// nor does it count there; and only Causeway's records tell it.
type work struct {
	busy   levels          // when attempts were made that were answered without an error of the member's
	waited []time.Duration // for these together, by level
	fresh  levels          // when connections were made on which an answer came
	made   *ticks          // those
}

// workPlace is a member as one instance of one gateway meets it.
type workPlace struct {
	memberKey
	instance string
	gateway  *int
}

func (e *event) workPlace() workPlace { return workPlace{e.key(), e.instance, e.gateway} }

// work is that of a place; nil if there are too many.
func (t *tally) work(k workPlace) *work {
	w := t.works[k]
	if w == nil && len(t.works) < maxMembers {
		w = &work{made: t.clock.ticks()}
		t.works[k] = w
	}
	return w
}

func (w *work) see(r *accesslog.Record, a *accesslog.Attempt) {
	if a.Status == 0 {
		return
	}
	if a.Status < http.StatusInternalServerError {
		w.busy.add(a.Active)
		for len(w.waited) < len(w.busy) {
			w.waited = append(w.waited, 0)
		}
		w.waited[min(max(a.Active, 0), maxLevel)] += max(0, a.Wait)
	}
	if !a.Reused {
		w.fresh.add(a.Active)
		w.made.add(r.Start)
	}
}

// wait is how long answers took, on the average, that were asked for at a level or above it, but below another, and no higher
// than it takes to have three of them; ok is false where there are not.
func (w *work) wait(from, below int) (mean time.Duration, ok bool) {
	sum, n := time.Duration(0), 0
	for level := from; level < min(below, len(w.busy)) && n < 3; level++ {
		sum, n = sum+w.waited[level], n+w.busy[level]
	}
	return sum / time.Duration(max(1, n)), n >= 3
}

// levels counts by how much work was in progress at a member: requests that one instance of the gateway had there.
type levels []int

// maxLevel bounds them; what is above counts as if it were there.
const maxLevel = 4096

func (l *levels) add(n int) {
	n = min(max(n, 0), maxLevel)
	for len(*l) <= n {
		*l = append(*l, 0)
	}
	(*l)[n]++
}

// split is how many were counted at a level or above it, and below.
func (l levels) split(at int) (above, below int) {
	for level, n := range l {
		if level >= at {
			above += n
		} else {
			below += n
		}
	}
	return above, below
}

// onTop is the chance that n things are all among the highest k of all by accident (hypergeometric), corrected for the
// level being one of those that were met.
func onTop(n, k, all int) float64 {
	logChance := 0.0
	for i := range n {
		logChance += math.Log(float64(k-i)) - math.Log(float64(all-i))
	}
	return min(1, math.Exp(logChance)*float64(all))
}

// workTest compares how much was in progress when a member refused with how much was when it served.
type workTest struct {
	at          *work
	n, above    int     // seconds in which it refused; of these, at the level or above it only
	level       int     // of work in progress
	refused     int     // requests that it refused at the level or above
	served, all int     // that it served there, and in all
	chance      float64 // that refusals and work go together by accident
}

// withWork tests whether failures come when much is in progress at their member. It is a fair question only where a failure
// is at once, or where many in progress are what fails the next: what waits piles up, and would be its own reason. Of each
// second the failure at the least work counts. One place is looked at, where most of these seconds are.
func (q *inquiry) withWork(events []*event) workTest {
	places, groups := groupBy(events, (*event).workPlace)
	var least []int // of each second
	var at *work
	var refused levels
	for _, k := range places {
		w, l := q.works[k], leastOfEach(groups[k])
		if w == nil || len(l) <= len(least) {
			continue
		}
		least, at, refused = l, w, nil
		for _, e := range groups[k] {
			refused.add(e.attempt.Active)
		}
	}
	if len(least) == 0 {
		return workTest{chance: 1}
	}
	slices.Sort(least)
	served := at.busy
	t := workTest{at: at, n: len(least), level: least[len(least)/10], chance: 1}
	t.above = len(least) - len(least)/10
	above, below := served.split(t.level)
	t.refused, _ = refused.split(t.level)
	t.refused = q.ofAll(t.refused)
	if t.served, t.all = above, above+below; t.all >= minEvents && t.level > 0 {
		t.chance = min(1, binomialTail(t.above, t.n, float64(above+1)/float64(t.all+1))*float64(len(served)))
	}
	return t
}

// leastOfEach is the least work in progress at which an event was, of each second.
func leastOfEach(events []*event) []int {
	var least []int
	last := int64(0)
	for _, e := range events {
		if n := len(least); e.at.Unix() != last {
			least = append(least, e.attempt.Active)
		} else {
			least[n-1] = min(least[n-1], e.attempt.Active)
		}
		last = e.at.Unix()
	}
	return least
}

// rises reports whether the failures come with work in progress.
func (t workTest) rises() bool { return t.n >= 3 && t.chance < significance }
