package diagnose

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// When failures lie is often the shortest way to their cause: a schedule, a deployment, a burst. So every finding says it.

// when says at what times events lie, in a sentence without a full stop; empty if there are none.
func (q *inquiry) when(events []*event) string {
	times := make([]time.Time, 0, len(events))
	for _, e := range events {
		times = append(times, e.start)
	}
	slices.SortFunc(times, time.Time.Compare)
	if len(times) == 0 {
		return ""
	}
	for _, c := range calendar {
		if text := q.scheduled(times, c); text != "" {
			return text
		}
	}
	return q.runs(times)
}

// cycle is a span of time after which things come again.
type cycle struct {
	length, longest time.Duration // of what comes in it
	least           int           // cycles in which it must have come
	text            func(from, to time.Time, all bool, in, of int) string
}

// calendar has the cycles that people make schedules by. What comes every day does not fit into a part of a week, so the
// longest is tried first.
var calendar = []cycle{
	{7 * 24 * time.Hour, 24 * time.Hour, 3, func(from, to time.Time, all bool, in, of int) string {
		return often("every "+from.Weekday().String(), "week", all, in, of) + " " + from.Format("15:04") + "–" + to.Format("15:04") + " UTC"
	}},
	{24 * time.Hour, 12 * time.Hour, 3, func(from, to time.Time, all bool, in, of int) string {
		return often("every day", "day", all, in, of) + " " + from.Format("15:04") + "–" + to.Format("15:04") + " UTC"
	}},
	{time.Hour, 20 * time.Minute, 5, func(from, to time.Time, all bool, in, of int) string {
		return often("every hour", "hour", all, in, of) + " at minutes " + from.Format("04") + "–" + to.Format("04")
	}},
}

func often(every, unit string, all bool, in, of int) string {
	if all {
		return every
	}
	return fmt.Sprintf("on %d of %d %ss,", in, of, unit)
}

// scheduled says that times lie in one part of a cycle, again and again, while requests come in the rest of it too.
func (q *inquiry) scheduled(times []time.Time, c cycle) string {
	phase, span := arc(times, c.length)
	first, last := phase.Truncate(time.Minute), phase.Add(span).Add(time.Minute-1).Truncate(time.Minute)
	if span > c.longest {
		return ""
	}
	hit, moments := map[int64]bool{}, map[int64]bool{}
	for _, t := range times {
		hit[int64(t.Sub(first)/c.length)] = true
		moments[t.UnixNano()/int64(c.length/24)] = true
	}
	if len(hit) < c.least {
		return ""
	}
	covered, width := 0, last.Sub(first)
	for n := int64(0); ; n++ {
		from := first.Add(time.Duration(n) * c.length)
		if from.After(q.to) {
			break
		}
		if q.requestsBetween(from, from.Add(width)) > 0 {
			covered++
		}
	}
	share := q.shareAtPhase(time.Duration(first.UnixNano()%int64(c.length)), c.length, width)
	if 2*len(hit) < covered || byChance(len(moments), share) >= significance {
		return ""
	}
	return c.text(first, last, len(hit) >= covered, len(hit), covered) + ", nothing outside: look for a schedule (automatic shutdown, backup, batch, deployment)"
}

// byChance is the chance that n moments fall into one arc of some share of a cycle, wherever that begins.
func byChance(n int, share float64) float64 {
	return float64(n) * math.Pow(share, float64(n-1))
}

// arc is the shortest part of a cycle that holds all times: when it first begins at or before the first of them, and how long it is.
func arc(times []time.Time, length time.Duration) (begin time.Time, span time.Duration) {
	phases := make([]time.Duration, 0, len(times))
	for _, t := range times {
		phases = append(phases, time.Duration(t.UnixNano()%int64(length)))
	}
	slices.Sort(phases)
	n := len(phases)
	start, gap := phases[0], phases[0]+length-phases[n-1]
	for i := 1; i < n; i++ {
		if d := phases[i] - phases[i-1]; d > gap {
			start, gap = phases[i], d
		}
	}
	begin = time.Unix(0, times[0].UnixNano()-times[0].UnixNano()%int64(length)+int64(start)).UTC()
	if begin.After(times[0]) {
		begin = begin.Add(-length)
	}
	return begin, length - gap
}

// requestsBetween is how many requests came in a span of time, to the resolution of the time line.
func (q *inquiry) requestsBetween(from, to time.Time) int {
	n, all := 0, q.intervals()
	first, _ := slices.BinarySearchFunc(all, from.Truncate(q.line.width), func(i *interval, t time.Time) int { return i.at.Compare(t) })
	for ; first < len(all) && all[first].at.Before(to); first++ {
		n += all[first].requests
	}
	return n
}

// intervals is the time line in order, made once.
func (q *inquiry) intervals() []*interval {
	if q.ordered == nil {
		q.ordered = q.line.list()
	}
	return q.ordered
}

// run is a time in which events followed each other.
type run struct {
	from, to time.Time
	n        int
}

// maxRuns is how many bursts are listed one by one.
const maxRuns = 6

// runs says whether times are bursts, begin or end within the window, or are spread over it.
func (q *inquiry) runs(times []time.Time) string {
	window := q.to.Sub(q.from)
	list := runsOf(times, max(window/20, time.Minute))
	first, last, inside := times[0], times[len(times)-1], time.Duration(0)
	for _, r := range list {
		inside += r.to.Sub(r.from)
	}
	late, early := first.Sub(q.from) > window/10, q.to.Sub(last) > window/10
	switch {
	case len(times) == 1:
		return "at " + clockTime(first, time.Time{}) + " UTC"
	case len(list) == 1 && late && !early:
		return "from " + clockTime(first, time.Time{}) + " UTC to the end of the log, nothing before"
	case len(list) == 1 && !late && early:
		return "until " + clockTime(last, time.Time{}) + " UTC, nothing after"
	case len(list) == 1 && late && 4*inside <= window:
		return "in one burst, " + list[0].text() + " UTC, nothing outside"
	case len(list) == 1 && late:
		return list[0].text() + " UTC, nothing outside"
	case len(list) > 1 && len(list) <= maxRuns && 4*inside <= window:
		return fmt.Sprintf("in %d bursts: %s UTC, nothing between", len(list), burstsText(list))
	}
	return "all through the log, " + run{from: first, to: last}.text() + " UTC"
}

func burstsText(list []run) string {
	var parts []string
	for _, r := range list {
		parts = append(parts, fmt.Sprintf("%s (%d)", r.text(), r.n))
	}
	return strings.Join(parts, ", ")
}

func (r run) text() string {
	if r.to.Sub(r.from) < time.Second {
		return clockTime(r.from, time.Time{})
	}
	return clockTime(r.from, time.Time{}) + "–" + clockTime(r.to, r.from)
}

// clockTime writes a time to the second, without its date if that is the one before.
func clockTime(t, before time.Time) string {
	t = t.UTC()
	if y, m, d := before.UTC().Date(); !before.IsZero() && t.Year() == y && t.Month() == m && t.Day() == d {
		return t.Format("15:04:05")
	}
	return t.Format("2006-01-02 15:04:05")
}

// runsOf cuts times, in order, where nothing happens for longer than a gap.
func runsOf(times []time.Time, gap time.Duration) (out []run) {
	for _, t := range times {
		if n := len(out); n > 0 && t.Sub(out[n-1].to) <= gap {
			out[n-1].to, out[n-1].n = t, out[n-1].n+1
			continue
		}
		out = append(out, run{t, t, 1})
	}
	return out
}
