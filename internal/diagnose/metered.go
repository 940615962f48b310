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
	"causeway/internal/diagnose/analyzers/capacity"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// errorTime is a stretch as a period.
type errorTime struct {
	report.ErrorPeriod
	span inference.Period
}

// maxStretches is how many periods of errors a report lists.
const maxStretches = 3

// metered reads the metrics; nil where the access log shows more, or where they count no answers.
func metered(c *inference.Case) *report.MetricsSummary {
	if c.Traffic.Requests > 0 {
		return nil
	}
	answers, errors := countsOf(c, "ResponseStatus", ""), countsOf(c, "ResponseStatus", "5xx")
	if !grouped(c, "ResponseStatus") { // metrics in a storage account have lost their parts
		if errors = countsOf(c, "FailedRequests", ""); len(errors) == 0 {
			return nil
		}
	}
	m := &report.MetricsSummary{
		Answers:      sumOf(answers),
		Errors:       sumOf(errors),
		ByBackend:    -1,
		ByGateway:    -1,
		Facts:        []string{},
		ErrorPeriods: []report.ErrorPeriod{},
	}
	from, to := ends(c.Traffic.Metrics)
	m.Window = report.Window{From: units.Stamp(from), To: units.Stamp(to)}
	backend, known := countsOf(c, "BackendResponseStatus", "5xx"), grouped(c, "BackendResponseStatus") && grouped(c, "ResponseStatus")
	if known {
		m.ByBackend = min(sumOf(backend), m.Errors)
		m.ByGateway = m.Errors - m.ByBackend
	}
	facts(m, c)
	worst := busiest(errors)
	for _, p := range worst {
		m.ErrorPeriods = append(m.ErrorPeriods, stretch(c, p, errors, backend, known).ErrorPeriod)
	}
	if len(worst) > 0 {
		from, to = worst[0].From, worst[0].To
	}
	if m.Errors > 0 {
		m.Next = nextOfMetrics(c, from, to)
	}
	return m
}

// grouped reports whether a metric is given by groups of status.
func grouped(c *inference.Case, name string) bool {
	return slices.ContainsFunc(c.Traffic.Metrics, func(m evidence.Metric) bool {
		return strings.EqualFold(m.Name, name) && m.Dimensions["httpstatusgroup"] != ""
	})
}

// countsOf adds up a metric by minute, over the parts that it is given in. Where it is given several times, in other
// parts each, the coarsest is taken. group is an HttpStatusGroup; empty: all.
func countsOf(c *inference.Case, name, group string) map[time.Time]float64 {
	byParts := map[string][]*evidence.Metric{}
	for i := range c.Traffic.Metrics {
		m := &c.Traffic.Metrics[i]
		if !strings.EqualFold(m.Name, name) || group != "" && !strings.EqualFold(m.Dimensions["httpstatusgroup"], group) {
			continue
		}
		parts := strings.Join(units.SortedKeys(m.Dimensions), " ")
		byParts[parts] = append(byParts[parts], m)
	}
	var best []*evidence.Metric
	for _, parts := range units.SortedKeys(byParts) {
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
func busiest(errors map[time.Time]float64) []inference.Period {
	minutes := make([]time.Time, 0, len(errors))
	for at, n := range errors {
		if n > 0 {
			minutes = append(minutes, at)
		}
	}
	slices.SortFunc(minutes, time.Time.Compare)
	grain := grainOf(errors)
	least := float64(sumOf(errors)) / float64(max(1, len(minutes))) / 2
	var out []inference.Period
	counts := map[time.Time]float64{}
	for _, at := range minutes {
		if errors[at] < least {
			continue
		}
		n := len(out)
		if n == 0 || at.Sub(out[n-1].To) > grain {
			out = append(out, inference.Period{From: at})
			n++
		}
		out[n-1].To, out[n-1].Points = at.Add(grain), out[n-1].Points+1
		counts[out[n-1].From] += errors[at]
	}
	slices.SortStableFunc(out, func(a, b inference.Period) int { return cmp.Compare(counts[b.From], counts[a.From]) })
	return out[:min(len(out), maxStretches)]
}

// grainOf is the time that each point of a metric covers: a minute, or more.
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
func facts(m *report.MetricsSummary, c *inference.Case) {
	if !grouped(c, "ResponseStatus") {
		m.Facts = append(m.Facts,
			"these are FailedRequests: on the second generation all answers 5xx, on the first only failed connections and timeouts of members")
	}
	if text := split(c); text != "" {
		m.Facts = append(m.Facts, text)
	}
	if text := slowestMember(c); text != "" {
		m.Facts = append(m.Facts, text)
	}
}

// split says where the time of an answer goes, by the medians over the minutes.
func split(c *inference.Case) string {
	first, ok := median(c, "BackendFirstByteResponseTime")
	if !ok {
		return ""
	}
	text := "in the median minute the first byte of an answer came after " + units.Seconds(first)
	connect, known := median(c, "BackendConnectTime")
	if known {
		text += ", of which connecting took " + units.Seconds(connect)
	}
	if last, ok := median(c, "BackendLastByteResponseTime"); ok {
		text += "; the last byte after " + units.Seconds(last)
		if whole, ok := median(c, "ApplicationGatewayTotalTime"); ok {
			text += fmt.Sprintf("; %s were the gateway's and its clients' own", units.Seconds(max(0, whole-last)))
		}
	}
	if known && 2*connect > first && first > 0 {
		text += ": the network, TLS or the member's accept queue takes most of it"
	}
	return text
}

// median of a metric of time, of the gateway as a whole, over the minutes.
func median(c *inference.Case, name string) (time.Duration, bool) {
	m := c.Traffic.Metric(name)
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
	return time.Duration(stats.Quantile(all, 0.5) * float64(time.Millisecond)), true
}

// slowestMember names a member that takes three times as long as the next one, where times are given by member.
func slowestMember(c *inference.Case) string {
	type one struct {
		server string
		took   time.Duration
	}
	var all []one
	for i := range c.Traffic.Metrics {
		m := &c.Traffic.Metrics[i]
		server := m.Dimensions["backendserver"]
		if took, ok := middle(m); ok && server != "" && strings.EqualFold(m.Name, "BackendFirstByteResponseTime") &&
			len(m.Dimensions) == 1 {
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
	return fmt.Sprintf("%s takes %s to the first byte in the median minute, the next slowest member %s", all[0].server,
		units.Seconds(all[0].took), units.Seconds(all[1].took))
}

// stretch says what else the metrics show at a time of errors, and what that leaves open.
func stretch(c *inference.Case, p inference.Period, errors, backend map[time.Time]float64, known bool) errorTime {
	s := errorTime{
		ErrorPeriod: report.ErrorPeriod{
			From:      units.Stamp(p.From),
			To:        units.Stamp(p.To),
			Errors:    sumOf(in(errors, p)),
			ByBackend: -1,
			ByGateway: -1,
			Facts:     []string{},
			Rivals:    []report.Rival{},
		},
		span: p,
	}
	if known {
		s.ByBackend = min(sumOf(in(backend, p)), s.Errors)
		s.ByGateway = s.Errors - s.ByBackend
	}
	if known && 2*s.ByBackend >= s.Errors {
		s.may("k-backend-5xx")
	}
	if !known || s.ByGateway > 0 {
		s.health(c)
		s.capacity(c)
		s.waiting(c)
		s.may("a-all-unhealthy-fail-closed", "d-timeout-below-latency", "c-idle-race", "c-restart", "b-refused") // no metric excludes these
	}
	if !known || s.ByBackend > 0 {
		s.may("k-backend-5xx")
	}
	return s
}

func in(byMinute map[time.Time]float64, p inference.Period) map[time.Time]float64 {
	out := map[time.Time]float64{}
	for at, v := range byMinute {
		if !at.Before(p.From) && at.Before(p.To) {
			out[at] = v
		}
	}
	return out
}

func (s *errorTime) may(ids ...string) {
	for _, id := range ids {
		if c := cause.Find(id); c != nil && !slices.ContainsFunc(s.Rivals, func(r report.Rival) bool { return r.Cause == id }) {
			s.Rivals = append(s.Rivals, report.Rival{Cause: id, Test: c.Separate})
		}
	}
}

// health: pools that had no healthy member, and members that were not.
func (s *errorTime) health(c *inference.Case) {
	for i := range c.Traffic.Metrics {
		m := &c.Traffic.Metrics[i]
		none, most, grain := 0, 0.0, time.Minute
		if len(m.Points) > 1 {
			grain = max(grain, m.Points[1].At.Sub(m.Points[0].At))
		}
		for _, p := range m.Points {
			if v := p.Value(); inference.Within([]inference.Period{s.span}, p.At) && !math.IsNaN(v) {
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
			s.Facts = append(s.Facts, fmt.Sprintf("%s had no healthy member in %s of it: the gateway answers 502 itself then", place,
				units.Count(none*int(grain/time.Minute), "minute", "minutes")))
			s.may("a-all-unhealthy-fail-closed")
		case strings.EqualFold(m.Name, "UnhealthyHostCount") && most > 0:
			s.Facts = append(s.Facts, fmt.Sprintf("of the members of %s up to %s were unhealthy", place, units.Decimal(most, 2)))
			s.may("a-slow-eviction")
		}
	}
}

// capacity: whether the gateway had any left.
func (s *errorTime) capacity(c *inference.Case) {
	for _, x := range []struct {
		name  string
		limit float64
		cause string
	}{
		{"CapacityUnits", c.Traffic.MaxUnits(), "h-capacity-max"},
		{"ComputeUnits", c.Traffic.MaxUnits(), "h-capacity-max"},
		{"CpuUtilization", 100, "h-cpu"},
	} {
		m := c.Traffic.Metric(x.name)
		if m == nil || x.limit == 0 {
			continue
		}
		top := 0.0
		for _, p := range m.Points {
			if v := p.Value(); inference.Within([]inference.Period{s.span}, p.At) && !math.IsNaN(v) {
				top = max(top, v)
			}
		}
		if top >= capacity.Full*x.limit {
			s.Facts = append(s.Facts, fmt.Sprintf("%s reached %s of the %s that there may be", x.name, units.Decimal(top, 1),
				units.Decimal(x.limit, 0)))
			s.may(x.cause)
		}
	}
}

// waiting: whether answers took as long as the gateway waits for one.
func (s *errorTime) waiting(c *inference.Case) {
	least, longest := time.Duration(0), time.Duration(0)
	for _, limit := range c.Traffic.Timeouts {
		if least == 0 || limit < least {
			least = limit
		}
	}
	for i := range c.Traffic.Metrics {
		m := &c.Traffic.Metrics[i]
		if !strings.EqualFold(m.Name, "BackendFirstByteResponseTime") {
			continue
		}
		for _, p := range m.Points {
			if v := p.Peak(); inference.Within([]inference.Period{s.span}, p.At) && !math.IsNaN(v) {
				longest = max(longest, time.Duration(v*float64(time.Millisecond)))
			}
		}
	}
	if least > 0 && longest >= least-traffic.TimerBand(least) {
		s.Facts = append(s.Facts, fmt.Sprintf("the first byte of an answer took up to %s, and the shortest request timeout is %s",
			units.Seconds(longest), units.Seconds(least)))
		s.may("d-timeout-below-latency", "d-hung")
	}
}

// nextOfMetrics is how to get the evidence that attributes errors: the access log of the worst time.
func nextOfMetrics(c *inference.Case, from, to time.Time) string {
	name, group := c.Traffic.NameAndGroup()
	return fmt.Sprintf("the access log of that time attributes each failed request: causeway collect -g %s -n %s --since %s --until %s --run; if no diagnostic setting keeps that log, make one and wait for the next time",
		group, name, from.Add(-5*time.Minute).UTC().Format(time.RFC3339), to.Add(5*time.Minute).UTC().Format(time.RFC3339))
}
