package diagnose

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Pictures are the numbers behind the pictures of a report. Their size does not grow with the evidence. Durations are in
// seconds.
type Pictures struct {
	Timeline *Timeline      `json:"timeline,omitempty"`
	Latency  []LatencyShape `json:"latency,omitempty"`
	IdleAge  []IdleShape    `json:"idleAge,omitempty"`
	Matrix   *Matrix        `json:"matrix,omitempty"`
}

// Timeline is what happened when, by the time at which requests began.
type Timeline struct {
	From     string       `json:"from"`
	Step     float64      `json:"step"`
	Requests []int        `json:"requests"` // in each step
	Causes   []CauseSteps `json:"causes"`   // the most frequent first; "undetermined" last
}

// CauseSteps are the failures of one cause in each step.
type CauseSteps struct {
	Cause     string `json:"cause"`
	Failures  []int  `json:"failures"`
	Recovered []int  `json:"recovered"`
}

// LatencyShape is how long attempts took under backend settings: until the first byte of an answer, or until they failed.
type LatencyShape struct {
	Settings       string          `json:"settings"`
	RequestTimeout float64         `json:"requestTimeout,omitempty"` // 0: not known
	Buckets        []LatencyBucket `json:"buckets"`                  // each wider than the one before, by the same factor
}

// LatencyBucket counts attempts that took between From and To.
type LatencyBucket struct {
	From     float64 `json:"from"`
	To       float64 `json:"to"`
	Answered int     `json:"answered"`
	Failed   int     `json:"failed"`
}

// IdleShape is how long a member's connections had been idle when their turn came.
type IdleShape struct {
	Settings string       `json:"settings"`
	Member   string       `json:"member"`
	Limit    float64      `json:"limit,omitempty"` // the idle age at which the connections ended, if there is one
	Step     float64      `json:"step"`
	Buckets  []IdleBucket `json:"buckets"` // the last one also holds what is beyond
}

// IdleBucket counts connections that had been idle for From to From + Step.
type IdleBucket struct {
	From     float64 `json:"from"`
	Answered int     `json:"answered"`
	Lost     int     `json:"lost"`
	Closed   int     `json:"closed"` // found closed before use
}

// Matrix is where requests failed.
type Matrix struct {
	Instances []string       `json:"instances"`
	Members   []string       `json:"members"` // an empty name: no member was tried
	Cells     [][]MatrixCell `json:"cells"`   // by instance, then by member
}

// MatrixCell counts the requests of one instance that ended at one member.
type MatrixCell struct {
	Requests int `json:"requests"`
	Failures int `json:"failures"`
}

// Bounds of what pictures show.
const (
	maxSteps      = 120
	maxBuckets    = 60
	maxSeries     = 6 // causes told apart in the timeline
	maxShapes     = 8 // settings, and members
	maxMatrixRows = 16
	maxMatrixCols = 24
)

// Causes in a timeline that are none.
const (
	undeterminedName = "undetermined"
	otherName        = "other"
)

// pictures are drawn from what is left when every hypothesis has had its say; nil without requests.
func (q *inquiry) pictures() *Pictures {
	if q.requests == 0 {
		return nil
	}
	return &Pictures{Timeline: q.timeline(), Latency: q.latencyShapes(), IdleAge: q.idleShapes(), Matrix: q.matrix()}
}

// weight is how many failures one that was kept stands for.
func (q *inquiry) weight() int { return 1 << q.sample.shift }

// niceSteps are pieces of time that people think in.
var niceSteps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// stepFor is the shortest step, of those no shorter than least, that cuts a stretch into few enough.
func stepFor(from, to time.Time, least time.Duration) time.Duration {
	fits := func(step time.Duration) bool {
		return step >= least && to.Truncate(step).Sub(from.Truncate(step))/step < maxSteps
	}
	for _, step := range niceSteps {
		if fits(step) {
			return step
		}
	}
	step := niceSteps[len(niceSteps)-1]
	for !fits(step) {
		step *= 2
	}
	return step
}

func (q *inquiry) timeline() *Timeline {
	list := q.line.list()
	from, to := list[0].at, list[len(list)-1].at
	for _, e := range q.events { // a long interval begins before the first request
		if e.start.After(to) {
			to = e.start
		}
	}
	step := stepFor(from, to, q.line.width)
	from = from.Truncate(step)
	n := int(to.Sub(from)/step) + 1
	t := &Timeline{From: stamp(from), Step: step.Seconds(), Requests: make([]int, n)}
	for _, m := range list {
		t.Requests[m.at.Sub(from)/step] += m.requests
	}
	names := q.seriesNames()
	at := map[string]int{}
	for i, name := range names {
		at[name] = i
		t.Causes = append(t.Causes, CauseSteps{Cause: name, Failures: make([]int, n), Recovered: make([]int, n)})
	}
	for _, e := range q.events {
		i, told := at[q.seriesOf(e)]
		if !told {
			i = at[otherName]
		}
		counts := t.Causes[i].Recovered
		if e.visible {
			counts = t.Causes[i].Failures
		}
		counts[max(0, e.start.Sub(from))/step] += q.weight()
	}
	return t
}

func (q *inquiry) seriesOf(e *event) string {
	if q.causeOf(e) == "" {
		return undeterminedName
	}
	return q.causeOf(e)
}

// seriesNames are the causes that the timeline tells apart: the most frequent ones, then the rest as one, then what is
// undetermined.
func (q *inquiry) seriesNames() []string {
	counts := map[string]int{}
	for _, e := range q.events {
		counts[q.seriesOf(e)]++
	}
	open := counts[undeterminedName] > 0
	delete(counts, undeterminedName)
	names := sortedKeys(counts)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	if len(names) > maxSeries {
		names = append(names[:maxSeries:maxSeries], otherName)
	}
	if open {
		names = append(names, undeterminedName)
	}
	return names
}

// latencyShapes are those of the settings under which most attempts failed, then of the busiest.
func (q *inquiry) latencyShapes() []LatencyShape {
	failed := map[string]*histogram{}
	for _, e := range q.events {
		if took := lasted(e); e.tried && took > 0 {
			addTo(failed, e.settings, took, q.weight())
		}
	}
	answered := map[string]*histogram{}
	for k := range q.routes { // the order does not matter: only sums are taken
		if answered[k.settings] == nil {
			answered[k.settings] = &q.routesOf(k.settings).waits
		}
	}
	for s := range failed {
		if answered[s] == nil {
			answered[s] = &histogram{}
		}
	}
	names := sortedKeys(answered)
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(size(failed[b]), size(failed[a])), cmp.Compare(size(answered[b]), size(answered[a])))
	})
	var out []LatencyShape
	for _, s := range names[:min(len(names), maxShapes)] {
		if size(answered[s])+size(failed[s]) > 0 {
			out = append(out, latencyShape(s, answered[s], failed[s], q.timeouts[s]))
		}
	}
	return out
}

func size(h *histogram) int {
	if h == nil {
		return 0
	}
	return h.n
}

func addTo(m map[string]*histogram, key string, d time.Duration, weight int) {
	h := m[key]
	if h == nil {
		h = &histogram{}
		m[key] = h
	}
	for range weight {
		h.add(d)
	}
}

// latencyShape puts two histograms into the same, coarser buckets.
func latencyShape(settings string, answered, failed *histogram, timeout time.Duration) LatencyShape {
	if failed == nil {
		failed = &histogram{}
	}
	least, most := extent(answered, failed)
	scale := logScaleFor(least, most)
	first := scale.number(least)
	s := LatencyShape{Settings: settings, RequestTimeout: timeout.Seconds()}
	for i := first; i <= scale.number(most); i++ {
		s.Buckets = append(s.Buckets, LatencyBucket{From: scale.from(i), To: scale.from(i + 1)})
	}
	place := func(h *histogram, add func(*LatencyBucket, int)) {
		for i, n := range h.counts {
			d := min(max(middleOf(h.first+i), h.least), h.most)
			add(&s.Buckets[scale.number(d)-first], int(n))
		}
	}
	place(answered, func(b *LatencyBucket, n int) { b.Answered += n })
	place(failed, func(b *LatencyBucket, n int) { b.Failed += n })
	return s
}

// extent is the range of two histograms, of which one may be empty.
func extent(a, b *histogram) (least, most time.Duration) {
	switch {
	case a.n == 0:
		least, most = b.least, b.most
	case b.n == 0:
		least, most = a.least, a.most
	default:
		least, most = min(a.least, b.least), max(a.most, b.most)
	}
	return max(least, time.Microsecond), max(most, time.Microsecond)
}

// logScale cuts durations into so many buckets for each power of ten.
type logScale float64

// logScaleFor is the finest scale that needs no more than maxBuckets.
func logScaleFor(least, most time.Duration) logScale {
	for _, s := range []logScale{20, 10, 8, 5, 4, 2} {
		if s.number(most)-s.number(least) < maxBuckets {
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
func (q *inquiry) idleShapes() []IdleShape {
	lost := map[memberKey][]*event{}
	for _, e := range q.events {
		if m := q.members[e.key()]; m != nil && e.attempt.Reused && (q.causeOf(e) == "c-idle-race" || q.causeOf(e) == "b-stateful-idle-drop" || !e.own) {
			lost[e.key()] = append(lost[e.key()], e)
		}
	}
	keys := make([]memberKey, 0, len(lost))
	for k := range lost {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b memberKey) int {
		return cmp.Or(cmp.Compare(len(lost[b]), len(lost[a])), cmp.Compare(a.settings, b.settings), cmp.Compare(a.member, b.member), a.server.Compare(b.server))
	})
	var out []IdleShape
	for _, k := range keys[:min(len(keys), maxShapes)] {
		if s, ok := idleShape(k, &q.members[k].gaps, q.idleLimit(lost[k])); ok {
			out = append(out, s)
		}
	}
	return out
}

// idleLimit is the idle age at which the connections of lost requests ended; 0 if they are not of that cause.
func (q *inquiry) idleLimit(lost []*event) time.Duration {
	var races []*event
	for _, e := range lost {
		if q.causeOf(e) == "c-idle-race" {
			races = append(races, e)
		}
	}
	if len(races) == 0 {
		return 0
	}
	limit, _, _ := clusterOf(races, closedAt)
	return limit
}

// idleShape shows the gaps of a member's connections up to half as long again as the limit: what happens around it is
// what matters.
func idleShape(k memberKey, g *gaps, limit time.Duration) (IdleShape, bool) {
	longest := time.Duration(0)
	for _, x := range g.list {
		longest = max(longest, x.idle)
	}
	if longest == 0 {
		return IdleShape{}, false
	}
	end := longest
	if limit > 0 {
		end = min(end, limit*3/2)
	}
	step := idleStep(end)
	s := IdleShape{Settings: k.settings, Member: k.member, Limit: digits(limit.Seconds()), Step: step.Seconds()}
	if k.member == "" {
		s.Member = k.server.Addr().String()
	}
	for i := range int(end/step) + 1 {
		s.Buckets = append(s.Buckets, IdleBucket{From: (time.Duration(i) * step).Seconds()})
	}
	for _, x := range g.list {
		b := &s.Buckets[min(int(max(0, x.idle)/step), len(s.Buckets)-1)]
		switch x.how {
		case answered:
			b.Answered += g.weight(x)
		case broke:
			b.Lost++
		case stale:
			b.Closed++
		}
	}
	return s, true
}

// idleStep is the shortest of 1, 2 or 5 times a power of ten that needs no more than maxBuckets.
func idleStep(end time.Duration) time.Duration {
	for power := time.Millisecond; ; power *= 10 {
		for _, n := range []time.Duration{1, 2, 5} {
			if end/(n*power) < maxBuckets {
				return n * power
			}
		}
	}
}

// matrix is nil where there is only one place, which says nothing. Of many instances and members it shows those with the
// most failures.
func (q *inquiry) matrix() *Matrix {
	instances, members := map[string]*cell{}, map[string]*cell{}
	for k, c := range q.cells {
		sumInto(instances, k.instance, c)
		sumInto(members, k.member, c)
	}
	if len(q.cells) < 2 {
		return nil
	}
	m := &Matrix{Instances: worst(instances, maxMatrixRows), Members: worst(members, maxMatrixCols)}
	for _, i := range m.Instances {
		row := make([]MatrixCell, len(m.Members))
		for j, name := range m.Members {
			if c := q.cells[instanceMember{i, name}]; c != nil {
				row[j] = MatrixCell{Requests: c.requests, Failures: c.failures}
			}
		}
		m.Cells = append(m.Cells, row)
	}
	return m
}

func sumInto(m map[string]*cell, name string, c *cell) {
	if m[name] == nil {
		m[name] = &cell{}
	}
	m[name].requests += c.requests
	m[name].failures += c.failures
}

// worst are the names with the most failures, then requests, in the order of the names.
func worst(cells map[string]*cell, n int) []string {
	names := sortedKeys(cells)
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(cells[b].failures, cells[a].failures), cmp.Compare(cells[b].requests, cells[a].requests))
	})
	names = names[:min(len(names), n)]
	slices.Sort(names)
	return names
}
