package diagnose

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"causeway/internal/diagnose/analyzers/timing"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
)

// When failures lie is often the shortest way to their cause: a schedule, a deployment, a burst. So every finding says it.

// when says at what times events lie, in a sentence without a full stop; empty if there are none.
func when(c *inference.Case, events []*traffic.Event) string {
	times := make([]time.Time, 0, len(events))
	for _, e := range events {
		times = append(times, e.Start)
	}
	slices.SortFunc(times, time.Time.Compare)
	if len(times) == 0 {
		return ""
	}
	for _, cycle := range calendar {
		if text := scheduled(c, times, cycle); text != "" {
			return text
		}
	}
	return runs(c, times)
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
	everyHours(12), everyHours(8), everyHours(6), everyHours(4), everyHours(3), everyHours(2),
	{time.Hour, 20 * time.Minute, 5, func(from, to time.Time, all bool, in, of int) string {
		return often("every hour", "hour", all, in, of) + " at minutes " + from.Format("04") + "–" + to.Format("04")
	}},
}

// everyHours is a cycle of some hours, by which a day divides.
func everyHours(n int) cycle {
	length := time.Duration(n) * time.Hour
	return cycle{length, length / 3, 5, func(from, to time.Time, all bool, in, of int) string {
		var spans []string
		for at := time.Duration(0); at < 24*time.Hour; at += length {
			spans = append(spans, from.Add(at).Format("15:04")+"–"+to.Add(at).Format("15:04"))
		}
		slices.Sort(spans)
		if len(spans) > 4 {
			spans = append(spans[:4], "…")
		}
		every := fmt.Sprintf("every %d hours", n)
		if !all {
			every = fmt.Sprintf("on %d of %d times %s", in, of, every)
		}
		return every + " (" + strings.Join(spans, ", ") + " UTC)"
	}}
}

func often(every, unit string, all bool, in, of int) string {
	if all {
		return every
	}
	return fmt.Sprintf("on %d of %d %ss,", in, of, unit)
}

// maxStrays is how many times, at most, may lie outside of a schedule; of few times, a twentieth.
const maxStrays = 8

// scheduled says that times lie in one part of a cycle, again and again, while requests come in the rest of it too. A few may
// stray: whatever else goes wrong does not keep to the schedule.
func scheduled(c *inference.Case, times []time.Time, cycle cycle) string {
	phases := placesIn(times, cycle.length)
	for strays := 0; strays <= min(len(times)/20, maxStrays); strays++ {
		if text := scheduledBut(c, times, phases, cycle, strays); text != "" {
			return text
		}
	}
	return ""
}

// scheduledBut says so of all times but some.
func scheduledBut(c *inference.Case, times []time.Time, phases []time.Duration, cycle cycle, strays int) string {
	phase, span := arc(times[0], phases, cycle.length, strays)
	first, last := phase.Truncate(time.Minute), phase.Add(span).Add(time.Minute-1).Truncate(time.Minute)
	if span > cycle.longest {
		return ""
	}
	hit, moments := map[int64]bool{}, map[int64]bool{}
	for _, t := range times {
		since := t.Sub(phase)
		n := int64(math.Floor(float64(since) / float64(cycle.length)))
		if since-time.Duration(n)*cycle.length > span {
			continue // it strays
		}
		hit[n], moments[t.UnixNano()/int64(cycle.length/24)] = true, true
	}
	if len(hit) < cycle.least {
		return ""
	}
	covered, width := 0, last.Sub(first)
	for n := int64(0); ; n++ {
		from := first.Add(time.Duration(n) * cycle.length)
		if from.After(c.Traffic.To) {
			break
		}
		if requestsBetween(c, from, from.Add(width)) > 0 {
			covered++
		}
	}
	share := timing.ShareAtPhase(c, time.Duration(first.UnixNano()%int64(cycle.length)), cycle.length, width)
	if 2*len(hit) < covered || choices(len(moments)+strays, strays)*byChance(len(moments), share) >= stats.Significance {
		return ""
	}
	text := cycle.text(first, last, len(hit) >= covered, len(hit), covered)
	if strays > 0 {
		text = fmt.Sprintf("%d of %d %s, %d outside", len(times)-strays, len(times), text, strays)
	} else {
		text += ", nothing outside"
	}
	return text + ": look for a schedule (automatic shutdown, backup, batch, deployment)"
}

// choices is how many ways there are to leave k of n out.
func choices(n, k int) float64 {
	ways := 1.0
	for i := range k {
		ways *= float64(n-i) / float64(i+1)
	}
	return ways
}

// byChance is the chance that n moments fall into one arc of some share of a cycle, wherever that begins.
func byChance(n int, share float64) float64 {
	return float64(n) * math.Pow(share, float64(n-1))
}

// placesIn are the places of times in a cycle, in order, once around and again.
func placesIn(times []time.Time, length time.Duration) []time.Duration {
	phases := make([]time.Duration, 0, 2*len(times))
	for _, t := range times {
		phases = append(phases, time.Duration(t.UnixNano()%int64(length)))
	}
	slices.Sort(phases)
	for _, p := range phases[:len(times)] {
		phases = append(phases, p+length)
	}
	return phases
}

// arc is the shortest part of a cycle that holds the phases of all times but some: when it first begins at or before the first
// of the times, and how long it is.
func arc(earliest time.Time, phases []time.Duration, length time.Duration, but int) (begin time.Time, span time.Duration) {
	n := len(phases) / 2
	start, span := phases[0], length
	for i := range n {
		if d := phases[i+n-but-1] - phases[i]; d < span {
			start, span = phases[i], d
		}
	}
	begin = time.Unix(0, earliest.UnixNano()-earliest.UnixNano()%int64(length)+int64(start)).UTC()
	if begin.After(earliest) {
		begin = begin.Add(-length)
	}
	return begin, span
}

// requestsBetween is how many requests came in a span of time, to the resolution of the time line.
func requestsBetween(c *inference.Case, from, to time.Time) int {
	n, all := 0, intervals(c)
	first, _ := slices.BinarySearchFunc(all, from.Truncate(c.Traffic.Line.Width),
		func(i *traffic.Bucket, t time.Time) int { return i.At.Compare(t) })
	for ; first < len(all) && all[first].At.Before(to); first++ {
		n += all[first].Requests
	}
	return n
}

// intervals is the time line in order, made once.
func intervals(c *inference.Case) []*traffic.Bucket {
	if c.Ordered == nil {
		c.Ordered = c.Traffic.Line.List()
	}
	return c.Ordered
}

// spell is a time in which events followed each other.
type spell struct {
	from, to time.Time
	n        int
}

// maxRuns is how many bursts are listed one by one.
const maxRuns = 6

// fewestOfABurst is how many times make a burst; fewer say nothing of those around them.
const fewestOfABurst = 3

// runs says whether times are bursts, begin or end within the window, or are spread over it.
func runs(c *inference.Case, times []time.Time) string {
	window := c.Traffic.To.Sub(c.Traffic.From)
	list := runsOf(times, max(window/20, time.Minute))
	first, last, inside := times[0], times[len(times)-1], time.Duration(0)
	for _, r := range list {
		inside += r.to.Sub(r.from)
	}
	late, early := first.Sub(c.Traffic.From) > window/10, c.Traffic.To.Sub(last) > window/10
	switch {
	case len(times) == 1:
		return "at " + clockTime(first, time.Time{}) + " UTC"
	case len(times) < fewestOfABurst && len(list) == 1:
		return list[0].text() + " UTC"
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
	return "all through the log, " + spell{from: first, to: last}.text() + " UTC"
}

func burstsText(list []spell) string {
	var parts []string
	for _, r := range list {
		parts = append(parts, fmt.Sprintf("%s (%d)", r.text(), r.n))
	}
	return strings.Join(parts, ", ")
}

func (r spell) text() string {
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
func runsOf(times []time.Time, gap time.Duration) (out []spell) {
	for _, t := range times {
		if n := len(out); n > 0 && t.Sub(out[n-1].to) <= gap {
			out[n-1].to, out[n-1].n = t, out[n-1].n+1
			continue
		}
		out = append(out, spell{t, t, 1})
	}
	return out
}
