package inference

import (
	"slices"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// Span is a piece of time, ends included.
type Span struct{ from, to time.Time }

// AroundEach is from a time before the request of each event began until as long after its attempt ended.
func AroundEach(events []*traffic.Event, d time.Duration) []Span {
	out := make([]Span, len(events))
	for i, e := range events {
		out[i] = Span{e.Start.Add(-d), e.At.Add(d)}
	}
	return out
}

// Among cuts spans to the time of the events: what lies before the first and after the last event proves
// nothing about the time between.
func Among(events []*traffic.Event, spans []Span) []Span {
	from, to := events[0].Start, events[0].At
	for _, e := range events {
		from, to = units.Earlier(from, e.Start), units.Later(to, e.At)
	}
	for i, s := range spans {
		spans[i] = Span{units.Later(s.from, from), units.Earlier(s.to, to)}
	}
	return spans
}

// Matched counts the spans that have a tick of their own: each tick proves one span at most, so that one answer in the
// midst of many failures counts once. The ticks are in order; they are used up.
func Matched(spans []Span, ticks []stats.Bin, c *stats.Clock) int {
	slices.SortFunc(spans, func(a, b Span) int { return a.to.Compare(b.to) })
	n := 0
	for _, s := range spans {
		first, last := c.Number(s.from), c.Number(s.to)
		i, _ := slices.BinarySearchFunc(ticks, first, func(t stats.Bin, at int64) int { return int(t.At - at) })
		for ; i < len(ticks) && ticks[i].At <= last; i++ {
			if ticks[i].N > 0 {
				ticks[i].N--
				n++
				break
			}
		}
	}
	return n
}

// CountWithin lists the ticks of the time that spans cover together.
func CountWithin(k *stats.Timeline, spans []Span) (out []stats.Bin) {
	if k == nil || len(spans) == 0 {
		return nil
	}
	all := spans[0]
	for _, s := range spans {
		all = Span{units.Earlier(all.from, s.from), units.Later(all.to, s.to)}
	}
	last := k.Clock.Number(all.to)
	for s := k.Until(k.Clock.Number(all.from)); ; {
		t := k.Next(&s)
		if t.N == 0 || t.At > last {
			return out
		}
		out = append(out, t)
	}
}

// Subtract takes ticks away, each from the interval that it is in.
func Subtract(all, gone []stats.Bin) []stats.Bin {
	n := map[int64]int{}
	for _, t := range gone {
		n[t.At] += t.N
	}
	for i := range all {
		all[i].N -= n[all[i].At]
	}
	return all
}

// Accompanied counts the events that have an answer of their member beside them, each its own, within half a second and
// between the first and the last of them.
func (c *Case) Accompanied(events []*traffic.Event) (n int) {
	_, byMember := traffic.GroupBy(events, (*traffic.Event).Key)
	for k, these := range byMember {
		spans := Among(these, AroundEach(these, time.Second/2))
		n += Matched(spans, CountWithin(c.Traffic.Member(k).Answers, spans), c.Traffic.Clock)
	}
	return n
}
