package diagnose

import (
	"slices"
	"time"
)

// stretch is a piece of time, ends included.
type stretch struct{ from, to time.Time }

// aroundEach is from a time before the request of each event began until as long after its attempt ended.
func aroundEach(events []*event, d time.Duration) []stretch {
	out := make([]stretch, len(events))
	for i, e := range events {
		out[i] = stretch{e.start.Add(-d), e.at.Add(d)}
	}
	return out
}

// among cuts spans to the time of the events themselves: what lies before the first and after the last of them says
// nothing of the time between.
func among(events []*event, spans []stretch) []stretch {
	from, to := events[0].start, events[0].at
	for _, e := range events {
		from, to = earlier(from, e.start), later(to, e.at)
	}
	for i, s := range spans {
		spans[i] = stretch{later(s.from, from), earlier(s.to, to)}
	}
	return spans
}

// matched counts the spans that have a tick of their own: each tick proves one span at most, so that one answer in the
// midst of many failures counts once. The ticks are in order; they are used up.
func matched(spans []stretch, ticks []beat, c *clock) int {
	slices.SortFunc(spans, func(a, b stretch) int { return a.to.Compare(b.to) })
	n := 0
	for _, s := range spans {
		first, last := c.number(s.from), c.number(s.to)
		i, _ := slices.BinarySearchFunc(ticks, first, func(t beat, at int64) int { return int(t.at - at) })
		for ; i < len(ticks) && ticks[i].at <= last; i++ {
			if ticks[i].n > 0 {
				ticks[i].n--
				n++
				break
			}
		}
	}
	return n
}

// within lists the ticks of the time that spans cover together.
func (k *ticks) within(spans []stretch) (out []beat) {
	if k == nil || len(spans) == 0 {
		return nil
	}
	all := spans[0]
	for _, s := range spans {
		all = stretch{earlier(all.from, s.from), later(all.to, s.to)}
	}
	last := k.clock.number(all.to)
	for s := k.until(k.clock.number(all.from)); ; {
		t := k.next(&s)
		if t.n == 0 || t.at > last {
			return out
		}
		out = append(out, t)
	}
}

// less takes ticks away, each from the interval that it is in.
func less(all, gone []beat) []beat {
	n := map[int64]int{}
	for _, t := range gone {
		n[t.at] += t.n
	}
	for i := range all {
		all[i].n -= n[all[i].at]
	}
	return all
}

// accompanied counts the events that have an answer of their member beside them, each its own, within half a second and
// between the first and the last of them.
func (q *inquiry) accompanied(events []*event) (n int) {
	_, byMember := groupBy(events, (*event).key)
	for k, these := range byMember {
		spans := among(these, aroundEach(these, time.Second/2))
		n += matched(spans, q.member(k).answers.within(spans), q.clock)
	}
	return n
}
