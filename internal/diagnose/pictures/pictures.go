// Package pictures draws what a report shows as pictures: the timeline, latencies, idle ages, and the matrix of instances and
// members.
package pictures

import (
	"cmp"
	"math"
	"slices"
	"time"

	"causeway/internal/diagnose/analyzers/connections"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// Draw draws a case when every analyzer has run; nil without requests.
func Draw(c *inference.Case) *report.Pictures {
	if c.Traffic.Requests == 0 {
		return nil
	}
	return &report.Pictures{Timeline: timeline(c), Latency: latencyShapes(c), IdleAge: idleShapes(c), Matrix: matrix(c)}
}

// weight is how many failures one that was kept stands for.
func weight(c *inference.Case) int { return 1 << c.Traffic.Sample.Shift }

// stepFor is the shortest step, of those no shorter than least, that cuts a stretch into few enough.
func stepFor(from, to time.Time, least time.Duration) time.Duration {
	fits := func(step time.Duration) bool {
		return step >= least && to.Truncate(step).Sub(from.Truncate(step))/step < report.MaxSteps
	}
	for _, step := range report.NiceSteps {
		if fits(step) {
			return step
		}
	}
	step := report.NiceSteps[len(report.NiceSteps)-1]
	for !fits(step) {
		step *= 2
	}
	return step
}

func timeline(c *inference.Case) *report.Timeline {
	list := c.Traffic.Line.List()
	from, to := list[0].At, list[len(list)-1].At
	for _, e := range c.Traffic.Events { // a long interval begins before the first request
		if e.Start.After(to) {
			to = e.Start
		}
	}
	step := stepFor(from, to, c.Traffic.Line.Width)
	from = from.Truncate(step)
	n := int(to.Sub(from)/step) + 1
	t := &report.Timeline{From: units.Stamp(from), Step: step.Seconds(), Requests: make([]int, n)}
	for _, m := range list {
		t.Requests[m.At.Sub(from)/step] += m.Requests
	}
	names := seriesNames(c)
	at := map[string]int{}
	for i, name := range names {
		at[name] = i
		t.Causes = append(t.Causes, report.CauseSteps{Cause: name, Failures: make([]int, n), Recovered: make([]int, n)})
	}
	for _, e := range c.Traffic.Events {
		i, told := at[seriesOf(c, e)]
		if !told {
			i = at[report.OtherName]
		}
		counts := t.Causes[i].Recovered
		if e.Visible {
			counts = t.Causes[i].Failures
		}
		counts[max(0, e.Start.Sub(from))/step] += weight(c)
	}
	return t
}

func seriesOf(c *inference.Case, e *traffic.Event) string {
	if c.CauseOf(e) == "" {
		return report.UndeterminedName
	}
	return c.CauseOf(e)
}

// seriesNames are the causes with a series of their own in the timeline: the most frequent ones, then the rest as one, then what is
// undetermined.
func seriesNames(c *inference.Case) []string {
	counts := map[string]int{}
	for _, e := range c.Traffic.Events {
		counts[seriesOf(c, e)]++
	}
	open := counts[report.UndeterminedName] > 0
	delete(counts, report.UndeterminedName)
	names := units.SortedKeys(counts)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	if len(names) > report.MaxSeries {
		names = append(names[:report.MaxSeries:report.MaxSeries], report.OtherName)
	}
	if open {
		names = append(names, report.UndeterminedName)
	}
	return names
}

// latencyShapes are those of the settings under which most attempts failed, then of the busiest.
func latencyShapes(c *inference.Case) []report.LatencyShape {
	failed := map[string]*stats.Histogram{}
	for _, e := range c.Traffic.Events {
		if took := traffic.Lasted(e); e.Tried && took > 0 {
			addTo(failed, e.Settings, took, weight(c))
		}
	}
	answered := map[string]*stats.Histogram{}
	for k := range c.Traffic.Routes { // the order does not matter: only sums are taken
		if answered[k.Settings] == nil {
			answered[k.Settings] = &c.Traffic.RoutesOf(k.Settings).Waits
		}
	}
	for s := range failed {
		if answered[s] == nil {
			answered[s] = &stats.Histogram{}
		}
	}
	names := units.SortedKeys(answered)
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(size(failed[b]), size(failed[a])), cmp.Compare(size(answered[b]), size(answered[a])))
	})
	var out []report.LatencyShape
	for _, s := range names[:min(len(names), report.MaxShapes)] {
		if size(answered[s])+size(failed[s]) > 0 {
			out = append(out, latencyShape(s, answered[s], failed[s], c.Traffic.Timeouts[s]))
		}
	}
	return out
}

func size(h *stats.Histogram) int {
	if h == nil {
		return 0
	}
	return h.N
}

func addTo(m map[string]*stats.Histogram, key string, d time.Duration, weight int) {
	h := m[key]
	if h == nil {
		h = &stats.Histogram{}
		m[key] = h
	}
	for range weight {
		h.Add(d)
	}
}

// latencyShape puts two histograms into the same, coarser buckets.
func latencyShape(settings string, answered, failed *stats.Histogram, timeout time.Duration) report.LatencyShape {
	if failed == nil {
		failed = &stats.Histogram{}
	}
	least, most := extent(answered, failed)
	scale := logScaleFor(least, most)
	first := scale.number(least)
	s := report.LatencyShape{Settings: settings, RequestTimeout: timeout.Seconds()}
	for i := first; i <= scale.number(most); i++ {
		s.Buckets = append(s.Buckets, report.LatencyBucket{From: scale.from(i), To: scale.from(i + 1)})
	}
	place := func(h *stats.Histogram, add func(*report.LatencyBucket, int)) {
		for i, n := range h.Counts {
			d := min(max(stats.BucketMiddle(h.First+i), h.Least), h.Max)
			add(&s.Buckets[scale.number(d)-first], int(n))
		}
	}
	place(answered, func(b *report.LatencyBucket, n int) { b.Answered += n })
	place(failed, func(b *report.LatencyBucket, n int) { b.Failed += n })
	return s
}

// extent is the range of two histograms, of which one may be empty.
func extent(a, b *stats.Histogram) (least, most time.Duration) {
	switch {
	case a.N == 0:
		least, most = b.Least, b.Max
	case b.N == 0:
		least, most = a.Least, a.Max
	default:
		least, most = min(a.Least, b.Least), max(a.Max, b.Max)
	}
	return max(least, time.Microsecond), max(most, time.Microsecond)
}

// logScale cuts durations into so many buckets for each power of ten.
type logScale float64

// logScaleFor is the finest scale that needs no more than so many bars.
func logScaleFor(least, most time.Duration) logScale {
	for _, s := range []logScale{20, 10, 8, 5, 4, 2} {
		if s.number(most)-s.number(least) < report.MaxBuckets {
			return s
		}
	}
	return 1
}

// number of the bucket of a duration.
func (s logScale) number(d time.Duration) int {
	return int(math.Floor(math.Log10(max(d, time.Microsecond).Seconds())*float64(s) + 1e-9))
}

// from is where a bucket begins, in seconds, to four digits: a report is read by people too.
func (s logScale) from(number int) float64 { return digits(math.Pow(10, float64(number)/float64(s))) }

// digits keeps four of them.
func digits(x float64) float64 {
	if x == 0 {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}

// idleShapes are those of the members whose reused connections lost requests, the most first.
func idleShapes(c *inference.Case) []report.IdleShape {
	lost := map[traffic.MemberKey][]*traffic.Event{}
	for _, e := range c.Traffic.Events {
		if m := c.Traffic.Members[e.Key()]; m != nil && e.Attempt.Reused && (c.CauseOf(e) == "c-idle-race" ||
			c.CauseOf(e) == "b-stateful-idle-drop" || !e.Own) {
			lost[e.Key()] = append(lost[e.Key()], e)
		}
	}
	keys := make([]traffic.MemberKey, 0, len(lost))
	for k := range lost {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b traffic.MemberKey) int {
		return cmp.Or(cmp.Compare(len(lost[b]), len(lost[a])), cmp.Compare(a.Settings, b.Settings), cmp.Compare(a.Member, b.Member),
			a.Server.Compare(b.Server))
	})
	var out []report.IdleShape
	for _, k := range keys[:min(len(keys), report.MaxShapes)] {
		if s, ok := idleShape(k, &c.Traffic.Members[k].Gaps, idleLimit(c, lost[k])); ok {
			out = append(out, s)
		}
	}
	return out
}

// idleLimit is the idle age at which the connections of lost requests ended; 0 if they are not of that cause.
func idleLimit(c *inference.Case, lost []*traffic.Event) time.Duration {
	var races []*traffic.Event
	for _, e := range lost {
		if c.CauseOf(e) == "c-idle-race" {
			races = append(races, e)
		}
	}
	if len(races) == 0 {
		return 0
	}
	limit, _, _ := traffic.ClusterOf(races, connections.ClosedAt)
	return limit
}

// idleShape shows the gaps of a member's connections up to half as long again as the limit: what happens around it is
// what matters.
func idleShape(k traffic.MemberKey, g *traffic.Gaps, limit time.Duration) (report.IdleShape, bool) {
	longest := time.Duration(0)
	for _, x := range g.List {
		longest = max(longest, x.Idle)
	}
	if longest == 0 {
		return report.IdleShape{}, false
	}
	end := longest
	if limit > 0 {
		end = min(end, limit*3/2)
	}
	step := report.IdleStep(end)
	s := report.IdleShape{Settings: k.Settings, Member: k.Member, Limit: digits(limit.Seconds()), Step: step.Seconds()}
	if k.Member == "" {
		s.Member = k.Server.Addr().String()
	}
	for i := range int(end/step) + 1 {
		s.Buckets = append(s.Buckets, report.IdleBucket{From: (time.Duration(i) * step).Seconds()})
	}
	for _, x := range g.List {
		b := &s.Buckets[min(int(max(0, x.Idle)/step), len(s.Buckets)-1)]
		switch x.How {
		case traffic.Answered:
			b.Answered += g.Weight(x)
		case traffic.Broke:
			b.Lost++
		case traffic.Stale:
			b.Closed++
		}
	}
	return s, true
}

// matrix is nil where there is only one place, which says nothing. Of many instances and members it shows those with the
// most failures.
func matrix(c *inference.Case) *report.Matrix {
	instances, members := map[string]*traffic.Cell{}, map[string]*traffic.Cell{}
	for k, cell := range c.Traffic.Cells {
		sumInto(instances, k.Instance, cell)
		sumInto(members, k.Member, cell)
	}
	if len(c.Traffic.Cells) < 2 {
		return nil
	}
	m := &report.Matrix{Instances: worst(instances, report.MaxMatrixRows), Members: worst(members, report.MaxMatrixCols)}
	for _, i := range m.Instances {
		row := make([]report.MatrixCell, len(m.Members))
		for j, name := range m.Members {
			if cell := c.Traffic.Cells[traffic.InstanceMember{Instance: i, Member: name}]; cell != nil {
				row[j] = report.MatrixCell{Requests: cell.Requests, Failures: cell.Failures}
			}
		}
		m.Cells = append(m.Cells, row)
	}
	return m
}

func sumInto(m map[string]*traffic.Cell, name string, c *traffic.Cell) {
	if m[name] == nil {
		m[name] = &traffic.Cell{}
	}
	m[name].Requests += c.Requests
	m[name].Failures += c.Failures
}

// worst are the names with the most failures, then requests, in the order of the names.
func worst(cells map[string]*traffic.Cell, n int) []string {
	names := units.SortedKeys(cells)
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(cells[b].Failures, cells[a].Failures), cmp.Compare(cells[b].Requests, cells[a].Requests))
	})
	names = names[:min(len(names), n)]
	slices.Sort(names)
	return names
}
