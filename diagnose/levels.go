package diagnose

import (
	"math"
	"slices"
)

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

// merge adds what another has counted.
func (l *levels) merge(o levels) {
	for len(*l) < len(o) {
		*l = append(*l, 0)
	}
	for level, n := range o {
		(*l)[level] += n
	}
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
	n, above    int     // seconds in which it refused; of these, at the level or above it only
	level       int     // of work in progress
	served, all int     // requests that it served at the level or above, and in all
	chance      float64 // that refusals and work go together by accident
}

// withWork tests whether refusals come when much is in progress at their members. It is a fair question only where what is
// refused is refused at once: what waits piles up, and would be its own reason. Of each second the refusal at the least
// work counts.
func (q *inquiry) withWork(events []*event) workTest {
	var served levels
	members, groups := groupBy(events, (*event).key)
	var least []int // of each second
	for _, k := range members {
		served.merge(q.member(k).busyAt)
		last := int64(0)
		for _, e := range groups[k] {
			if n := len(least); e.at.Unix() != last {
				least = append(least, e.attempt.Active)
			} else {
				least[n-1] = min(least[n-1], e.attempt.Active)
			}
			last = e.at.Unix()
		}
	}
	slices.Sort(least)
	t := workTest{n: len(least), level: least[len(least)/10], chance: 1}
	t.above = len(least) - len(least)/10
	above, below := served.split(t.level)
	if t.served, t.all = above, above+below; t.all >= enoughAnswers && t.level > 0 {
		t.chance = min(1, binomialTail(t.above, t.n, float64(above)/float64(t.all))*float64(len(served)))
	}
	return t
}

// rises reports whether the refusals come with work in progress.
func (t workTest) rises() bool { return t.n >= 3 && t.chance < significance }
