package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"causeway/internal/cause"
	"causeway/internal/evidence"
)

// Metered is what the metrics alone tell where there is no access log: how many answers were errors, whose they were, and
// when. A metric proves no cause of any request, so nothing here is a finding.
type Metered struct {
	Window    Window    `json:"window"`
	Answers   int       `json:"answers"`   // that clients got, of every status
	Errors    int       `json:"errors"`    // of these, 5xx; where they are not given by status, failed requests
	ByBackend int       `json:"byBackend"` // 5xx that members answered; -1: not known
	ByGateway int       `json:"byGateway"` // about: the rest; -1: not known
	Facts     []string  `json:"facts"`     // of the whole window
	Stretches []Stretch `json:"stretches"` // when most of the errors came, the worst first
	Next      string    `json:"next"`
}

// Stretch is a time of errors.
type Stretch struct {
	From      string   `json:"from"`
	To        string   `json:"to"`
	Errors    int      `json:"errors"`
	ByBackend int      `json:"byBackend"`
	ByGateway int      `json:"byGateway"`
	Facts     []string `json:"facts"`  // what else the metrics show just then
	Rivals    []Rival  `json:"rivals"` // what it may be
}

// errorTime is a stretch as a period.
type errorTime struct {
	Stretch
	span period
}

// maxStretches is how many times of errors are told.
const maxStretches = 3

// metered reads the metrics; nil where the access log tells more, or where they count no answers.
func (q *inquiry) metered() *Metered {
	if q.requests > 0 {
		return nil
	}
	answers, errors := q.counted("ResponseStatus", ""), q.counted("ResponseStatus", "5xx")
	if !q.grouped("ResponseStatus") { // metrics in a storage account have lost their parts
		if errors = q.counted("FailedRequests", ""); len(errors) == 0 {
			return nil
		}
	}
	m := &Metered{Answers: sumOf(answers), Errors: sumOf(errors), ByBackend: -1, ByGateway: -1, Facts: []string{}, Stretches: []Stretch{}}
	from, to := ends(q.metrics)
	m.Window = Window{stamp(from), stamp(to)}
	backend, known := q.counted("BackendResponseStatus", "5xx"), q.grouped("BackendResponseStatus") && q.grouped("ResponseStatus")
	if known {
		m.ByBackend = min(sumOf(backend), m.Errors)
		m.ByGateway = m.Errors - m.ByBackend
	}
	m.facts(q)
	worst := busiest(errors)
	for _, p := range worst {
		m.Stretches = append(m.Stretches, q.stretch(p, errors, backend, known).Stretch)
	}
	if len(worst) > 0 {
		from, to = worst[0].from, worst[0].to
	}
	if m.Errors > 0 {
		m.Next = q.nextOfMetrics(from, to)
	}
	return m
}

// grouped reports whether a metric is given by groups of status.
func (q *inquiry) grouped(name string) bool {
	return slices.ContainsFunc(q.metrics, func(m evidence.Metric) bool {
		return strings.EqualFold(m.Name, name) && m.Dimensions["httpstatusgroup"] != ""
	})
}

// counted adds up a metric by minute, over the parts that it is given in. Where it is given several times, in other
// parts each, the coarsest is taken. group is an HttpStatusGroup; empty: all.
func (q *inquiry) counted(name, group string) map[time.Time]float64 {
	byParts := map[string][]*evidence.Metric{}
	for i := range q.metrics {
		m := &q.metrics[i]
		if !strings.EqualFold(m.Name, name) || group != "" && !strings.EqualFold(m.Dimensions["httpstatusgroup"], group) {
			continue
		}
		parts := strings.Join(sortedKeys(m.Dimensions), " ")
		byParts[parts] = append(byParts[parts], m)
	}
	var best []*evidence.Metric
	for _, parts := range sortedKeys(byParts) {
		if best == nil || len(byParts[parts][0].Dimensions) < len(best[0].Dimensions) {
			best = byParts[parts]
		}
	}
	out := map[time.Time]float64{}
	for _, m := range best {
		for _, p := range m.Points {
			if !math.IsNaN(p.Total) {
				out[p.At] += p.Total
			}
		}
	}
	return out
}

func sumOf(byMinute map[time.Time]float64) int {
	sum := 0.0
	for _, v := range byMinute {
		sum += v
	}
	return int(math.Round(sum))
}

// ends are the first and the last time of all metrics.
func ends(metrics []evidence.Metric) (from, to time.Time) {
	for i := range metrics {
		for _, p := range metrics[i].Points {
			if from.IsZero() || p.At.Before(from) {
				from = p.At
			}
			if p.At.After(to) {
				to = p.At
			}
		}
	}
	return from, to
}

// busiest are the stretches of minutes with the most errors. Minutes with fewer than half as many as the window's mean
// minute of errors end one.
func busiest(errors map[time.Time]float64) []period {
	minutes := make([]time.Time, 0, len(errors))
	for at, n := range errors {
		if n > 0 {
			minutes = append(minutes, at)
		}
	}
	slices.SortFunc(minutes, time.Time.Compare)
	grain := grainOf(errors)
	least := float64(sumOf(errors)) / float64(max(1, len(minutes))) / 2
	var out []period
	counts := map[time.Time]float64{}
	for _, at := range minutes {
		if errors[at] < least {
			continue
		}
		n := len(out)
		if n == 0 || at.Sub(out[n-1].to) > grain {
			out = append(out, period{from: at})
			n++
		}
		out[n-1].to, out[n-1].points = at.Add(grain), out[n-1].points+1
		counts[out[n-1].from] += errors[at]
	}
	slices.SortStableFunc(out, func(a, b period) int { return cmp.Compare(counts[b.from], counts[a.from]) })
	return out[:min(len(out), maxStretches)]
}

// grainOf is the time that each point of a metric stands for: it was asked for by minutes, or by more.
func grainOf(points map[time.Time]float64) time.Duration {
	times := slices.SortedFunc(maps.Keys(points), time.Time.Compare)
	grain := time.Duration(0)
	for i := 1; i < len(times); i++ {
		if d := times[i].Sub(times[i-1]); grain == 0 || d < grain {
			grain = d
		}
	}
	return max(grain, time.Minute)
}

// facts of the whole window: where the time goes, and what single parts show.
func (m *Metered) facts(q *inquiry) {
	if !q.grouped("ResponseStatus") {
		m.Facts = append(m.Facts, "these are FailedRequests: on the second generation all answers 5xx, on the first only failed connections and timeouts of members")
	}
	if text := q.split(); text != "" {
		m.Facts = append(m.Facts, text)
	}
	if text := q.slowestMember(); text != "" {
		m.Facts = append(m.Facts, text)
	}
}

// split says where the time of an answer goes, by the medians over the minutes.
func (q *inquiry) split() string {
	first, ok := q.median("BackendFirstByteResponseTime")
	if !ok {
		return ""
	}
	text := "in the median minute the first byte of an answer came after " + seconds(first)
	connect, known := q.median("BackendConnectTime")
	if known {
		text += ", of which connecting took " + seconds(connect)
	}
	if last, ok := q.median("BackendLastByteResponseTime"); ok {
		text += "; the last byte after " + seconds(last)
		if whole, ok := q.median("ApplicationGatewayTotalTime"); ok {
			text += fmt.Sprintf("; %s were the gateway's and its clients' own", seconds(max(0, whole-last)))
		}
	}
	if known && 2*connect > first && first > 0 {
		text += ": the network, TLS or the member's accept queue takes most of it"
	}
	return text
}

// median of a metric of time, of the gateway as a whole, over the minutes.
func (q *inquiry) median(name string) (time.Duration, bool) {
	m := q.metric(name)
	if m == nil {
		return 0, false
	}
	return middle(m)
}

func middle(m *evidence.Metric) (time.Duration, bool) {
	var all []float64
	for _, p := range m.Points {
		if v := p.Value(); !math.IsNaN(v) {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	return time.Duration(quantile(all, 0.5) * float64(time.Millisecond)), true
}

// slowestMember names a member that takes three times as long as the next one, where times are given by member.
func (q *inquiry) slowestMember() string {
	type one struct {
		server string
		took   time.Duration
	}
	var all []one
	for i := range q.metrics {
		m := &q.metrics[i]
		server := m.Dimensions["backendserver"]
		if took, ok := middle(m); ok && server != "" && strings.EqualFold(m.Name, "BackendFirstByteResponseTime") && len(m.Dimensions) == 1 {
			all = append(all, one{server, took})
		}
	}
	if len(all) < 2 {
		return ""
	}
	slices.SortStableFunc(all, func(a, b one) int { return cmp.Compare(b.took, a.took) })
	if all[0].took < 3*all[1].took {
		return ""
	}
	return fmt.Sprintf("%s takes %s to the first byte in the median minute, the next slowest member %s", all[0].server, seconds(all[0].took), seconds(all[1].took))
}

// stretch says what else the metrics show at a time of errors, and what that leaves open.
func (q *inquiry) stretch(p period, errors, backend map[time.Time]float64, known bool) errorTime {
	s := errorTime{Stretch: Stretch{From: stamp(p.from), To: stamp(p.to), Errors: sumOf(in(errors, p)), ByBackend: -1, ByGateway: -1, Facts: []string{}, Rivals: []Rival{}}, span: p}
	if known {
		s.ByBackend = min(sumOf(in(backend, p)), s.Errors)
		s.ByGateway = s.Errors - s.ByBackend
	}
	if known && 2*s.ByBackend >= s.Errors {
		s.may("k-backend-5xx")
	}
	if !known || s.ByGateway > 0 {
		s.health(q)
		s.capacity(q)
		s.waiting(q)
		s.may("a-all-unhealthy-fail-closed", "d-timeout-below-latency", "c-idle-race", "c-restart", "b-refused") // no metric excludes these
	}
	if !known || s.ByBackend > 0 {
		s.may("k-backend-5xx")
	}
	return s
}

func in(byMinute map[time.Time]float64, p period) map[time.Time]float64 {
	out := map[time.Time]float64{}
	for at, v := range byMinute {
		if !at.Before(p.from) && at.Before(p.to) {
			out[at] = v
		}
	}
	return out
}

func (s *errorTime) may(ids ...string) {
	for _, id := range ids {
		if c := cause.Find(id); c != nil && !slices.ContainsFunc(s.Rivals, func(r Rival) bool { return r.Cause == id }) {
			s.Rivals = append(s.Rivals, Rival{Cause: id, ToSeparate: c.Separate})
		}
	}
}

// health: pools that had no healthy member, and members that were not.
func (s *errorTime) health(q *inquiry) {
	for i := range q.metrics {
		m := &q.metrics[i]
		none, most, grain := 0, 0.0, time.Minute
		if len(m.Points) > 1 {
			grain = max(grain, m.Points[1].At.Sub(m.Points[0].At))
		}
		for _, p := range m.Points {
			if v := p.Value(); within([]period{s.span}, p.At) && !math.IsNaN(v) {
				most = max(most, v)
				if v == 0 {
					none++
				}
			}
		}
		place := "the gateway"
		if pool := m.Dimensions["backendsettingspool"]; pool != "" {
			place = pool
		}
		switch {
		case strings.EqualFold(m.Name, "HealthyHostCount") && none > 0:
			s.Facts = append(s.Facts, fmt.Sprintf("%s had no healthy member in %s of it: the gateway answers 502 by itself then", place, count(none*int(grain/time.Minute), "minute", "minutes")))
			s.may("a-all-unhealthy-fail-closed")
		case strings.EqualFold(m.Name, "UnhealthyHostCount") && most > 0:
			s.Facts = append(s.Facts, fmt.Sprintf("of the members of %s up to %s were unhealthy", place, trimmed(most, 2)))
			s.may("a-slow-eviction")
		}
	}
}

// capacity: whether the gateway had any left.
func (s *errorTime) capacity(q *inquiry) {
	for _, x := range []struct {
		name  string
		limit float64
		cause string
	}{{"CapacityUnits", q.maxUnits(), "h-capacity-max"}, {"ComputeUnits", q.maxUnits(), "h-capacity-max"}, {"CpuUtilization", 100, "h-cpu"}} {
		m := q.metric(x.name)
		if m == nil || x.limit == 0 {
			continue
		}
		top := 0.0
		for _, p := range m.Points {
			if v := p.Value(); within([]period{s.span}, p.At) && !math.IsNaN(v) {
				top = max(top, v)
			}
		}
		if top >= full*x.limit {
			s.Facts = append(s.Facts, fmt.Sprintf("%s reached %s of the %s that there may be", x.name, trimmed(top, 1), trimmed(x.limit, 0)))
			s.may(x.cause)
		}
	}
}

// waiting: whether answers took as long as the gateway waits for one.
func (s *errorTime) waiting(q *inquiry) {
	least, longest := time.Duration(0), time.Duration(0)
	for _, limit := range q.timeouts {
		if least == 0 || limit < least {
			least = limit
		}
	}
	for i := range q.metrics {
		m := &q.metrics[i]
		if !strings.EqualFold(m.Name, "BackendFirstByteResponseTime") {
			continue
		}
		for _, p := range m.Points {
			if v := p.Peak(); within([]period{s.span}, p.At) && !math.IsNaN(v) {
				longest = max(longest, time.Duration(v*float64(time.Millisecond)))
			}
		}
	}
	if least > 0 && longest >= least-timerBand(least) {
		s.Facts = append(s.Facts, fmt.Sprintf("the first byte of an answer took up to %s, and the shortest request timeout is %s", seconds(longest), seconds(least)))
		s.may("d-timeout-below-latency", "d-hung")
	}
}

// nextOfMetrics is how to get the evidence that attributes errors: the access log of the worst time.
func (q *inquiry) nextOfMetrics(from, to time.Time) string {
	name, group := q.nameAndGroup()
	return fmt.Sprintf("the access log of that time attributes each failed request: causeway collect -g %s -n %s --since %s --until %s --run; if no diagnostic setting keeps that log, make one and wait for the next time",
		group, name, from.Add(-5*time.Minute).UTC().Format(time.RFC3339), to.Add(5*time.Minute).UTC().Format(time.RFC3339))
}

// headline is the count in a sentence.
func (m *Metered) headline() string {
	if m.Errors == 0 {
		return fmt.Sprintf("The metrics count no failed request; clients got %d answers.", m.Answers)
	}
	text := fmt.Sprintf("The metrics count %s", count(m.Errors, "failed request", "failed requests"))
	if m.Answers > 0 {
		text += fmt.Sprintf(" (5xx) among %d answers", m.Answers)
	}
	if m.ByGateway >= 0 {
		text += fmt.Sprintf(": about %d made by the gateway (%s), %d by the backend (%s)", m.ByGateway, percent(m.ByGateway, m.Errors), m.ByBackend, percent(m.ByBackend, m.Errors))
	} else {
		text += "; whose they are is not among the evidence (BackendResponseStatus tells)"
	}
	return text + ". No request can be attributed without the access log."
}

// Lines are what there is to tell, one thing each.
func (m *Metered) Lines() []string {
	out := append([]string{}, m.Facts...)
	for i := range m.Stretches {
		s := &m.Stretches[i]
		out = append(out, s.text())
		for _, x := range s.Rivals {
			out = append(out, "at that time perhaps "+x.Cause+"; to separate: "+x.ToSeparate)
		}
	}
	if m.Next != "" {
		out = append(out, "next: "+m.Next)
	}
	return out
}

func (s *Stretch) text() string {
	text := fmt.Sprintf("%s to %s: %s", s.From, s.To, count(s.Errors, "failed request", "failed requests"))
	if s.ByGateway >= 0 {
		text += fmt.Sprintf(", about %d made by the gateway, %d by the backend", s.ByGateway, s.ByBackend)
	}
	if len(s.Facts) > 0 {
		text += "; just then " + strings.Join(s.Facts, "; ")
	}
	return text
}
