package arm

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/history"
)

// metricQuery is what a client asks of Azure Monitor.
type metricQuery struct {
	from, to     time.Time
	interval     time.Duration
	text         string // of the interval
	metrics      []metric
	aggregations []string          // none: the primary one of each metric
	split        []string          // dimensions by which values come apart, in Azure's spelling
	equal        map[string]string // dimension → value that is asked for
	rolled       []string          // of the dimensions in split: those that come together again
	top          int
	order        metricOrder
	bare         bool // the series without their values
	points       int  // of all series so far
}

// Bounds of an answer, which is made in memory: a point takes about 400 bytes there.
const (
	topMax        = 1000    // series of a metric
	metricQueries = 4       // at a time, until their answers are written; others wait
	pointsMax     = 100_000 // of all series of all metrics: two metrics at each minute of a month
)

// intervals are the time grains.
var intervals = map[string]time.Duration{
	"PT1M": time.Minute, "PT5M": 5 * time.Minute, "PT15M": 15 * time.Minute, "PT30M": 30 * time.Minute,
	"PT1H": time.Hour, "PT6H": 6 * time.Hour, "PT12H": 12 * time.Hour, "P1D": 24 * time.Hour,
}

// metricQuery reads a query.
func (q *request) metricQuery() (m metricQuery, err error) {
	values := foldedQuery(q.URL.Query())
	if m.from, m.to, err = timespan(values["timespan"], q.server.now()); err != nil {
		return m, err
	}
	m.text = strings.ToUpper(values["interval"])
	if m.text == "" || m.text == "FULL" {
		m.text = "PT1M"
	}
	if m.interval = intervals[m.text]; m.interval == 0 {
		return m, refuse(http.StatusBadRequest, "BadRequest", "the interval %q is none of %s", values["interval"],
			strings.Join(slices.Sorted(maps.Keys(intervals)), ", "))
	}
	if m.metrics, err = namedMetrics(values["metricnames"]); err != nil {
		return m, err
	}
	if m.aggregations, err = namedAggregations(values["aggregation"]); err != nil {
		return m, err
	}
	if m.top, err = strconv.Atoi(cmp.Or(values["top"], "10")); err != nil || m.top < 1 || m.top > topMax {
		return m, refuse(http.StatusBadRequest, "BadRequest", "top is %q, and not a number from 1 to %d", values["top"], topMax)
	}
	if n := values["metricnamespace"]; n != "" && !strings.EqualFold(n, gatewayType) {
		return m, refuse(http.StatusBadRequest, "BadRequest", "the metric namespace %q is none: a gateway has %s", n, gatewayType)
	}
	m.bare = strings.EqualFold(values["resulttype"], "Metadata")
	if m.order, err = parseMetricOrder(values["orderby"]); err != nil {
		return m, err
	}
	if err := m.filter(values["$filter"]); err != nil {
		return m, err
	}
	return m, m.rollUp(values["rollupby"])
}

// rollUp reads the dimensions that the filter names and that nobody wants to see apart.
func (m *metricQuery) rollUp(names string) error {
	for n := range strings.SplitSeq(names, ",") {
		if n = strings.TrimSpace(n); n == "" {
			continue
		}
		i := slices.IndexFunc(m.split, func(known string) bool { return strings.EqualFold(known, n) })
		if i < 0 {
			return refuse(http.StatusBadRequest, "BadRequest", "rollupby names %q, which the $filter does not", n)
		}
		m.rolled = append(m.rolled, m.split[i])
	}
	return nil
}

func namedAggregations(names string) (out []string, err error) {
	for n := range strings.SplitSeq(names, ",") {
		if n = strings.TrimSpace(n); n == "" {
			continue
		}
		i := slices.IndexFunc(aggregations(), func(known string) bool { return strings.EqualFold(known, n) })
		if i < 0 {
			return nil, refuse(http.StatusBadRequest, "BadRequest", "the aggregation %q is none of %s", n,
				strings.Join(aggregations(), ", "))
		}
		if a := aggregations()[i]; !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out, nil
}

// foldedQuery is a query whose names have any case, and whose values may have been escaped twice: az does that.
func foldedQuery(q url.Values) map[string]string {
	out := map[string]string{}
	for name, values := range q {
		value := values[0]
		if strings.Contains(value, "%") {
			if again, err := url.QueryUnescape(value); err == nil {
				value = again
			}
		}
		out[strings.ToLower(name)] = value
	}
	return out
}

// timespan reads START/END, the last hour without one.
func timespan(text string, now time.Time) (from, to time.Time, err error) {
	if text == "" {
		return now.Add(-time.Hour).UTC().Truncate(time.Minute), now.UTC(), nil
	}
	first, last, ok := strings.Cut(strings.ReplaceAll(text, " ", "+"), "/")
	if ok {
		from, err = parseTime(first)
	}
	if ok && err == nil {
		to, err = parseTime(last)
	}
	if !ok || err != nil || !from.Before(to) {
		return from, to, refuse(http.StatusBadRequest, "BadRequest",
			"the timespan %q is not START/END, such as 2026-11-30T09:00:00Z/2026-11-30T10:00:00Z", text)
	}
	if to.Sub(from) > history.Retention {
		return from, to, refuse(http.StatusBadRequest, "BadRequest", "the timespan is longer than the %d days that are kept",
			int(history.Retention/(24*time.Hour)))
	}
	return from.UTC(), to.UTC(), nil
}

// namedMetrics finds metrics by their names, each once; without a name all.
func namedMetrics(names string) (out []metric, err error) {
	if strings.TrimSpace(names) == "" {
		return metrics(), nil
	}
	for n := range strings.SplitSeq(names, ",") {
		m, err := namedMetric(strings.TrimSpace(n))
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(other metric) bool { return other.name == m.name }) {
			out = append(out, m)
		}
	}
	return out, nil
}

func namedMetric(name string) (metric, error) {
	if i := slices.IndexFunc(unmeasured, func(known string) bool { return strings.EqualFold(known, name) }); i >= 0 {
		return metric{name: unmeasured[i], display: unmeasured[i], unit: "Count", primary: average}, nil
	}
	var known []string
	for _, m := range metrics() {
		if strings.EqualFold(m.name, name) || strings.EqualFold(m.display, name) {
			return m, nil
		}
		known = append(known, m.name)
	}
	return metric{}, refuse(http.StatusBadRequest, "BadRequest", "Failed to find metric configuration for metric %q. Valid metrics: %s",
		name, strings.Join(known, ","))
}

var dimensionCondition = regexp.MustCompile(`(?i)^\s*(\w+)\s+eq\s+'((?:[^']|'')*)'\s*$`)

// filter reads conditions on dimensions. A value of * splits by the dimension.
func (m *metricQuery) filter(text string) error {
	m.equal = map[string]string{}
	if strings.TrimSpace(text) == "" {
		return nil
	}
	for _, part := range conjunction.Split(text, -1) {
		c := dimensionCondition.FindStringSubmatch(part)
		if c == nil {
			return refuse(http.StatusBadRequest, "BadRequest", "the condition %q of the $filter is not: DIMENSION eq 'VALUE', or '*'", part)
		}
		name := ""
		for _, known := range []string{byListener, byPool, bySettings, byTarget, byStatus} {
			if strings.EqualFold(known, c[1]) {
				name = known
			}
		}
		if name == "" || slices.ContainsFunc(m.metrics, func(x metric) bool { return !slices.Contains(x.dimensions, name) }) {
			return refuse(http.StatusBadRequest, "BadRequest", "a metric that was asked for has no dimension %q", c[1])
		}
		if slices.Contains(m.split, name) {
			return refuse(http.StatusBadRequest, "BadRequest", "the $filter names %s twice: ask for one value after the other, or for '*'", name)
		}
		m.split = append(m.split, name)
		if value := strings.ReplaceAll(c[2], "''", "'"); value != "*" {
			m.equal[name] = value
		}
	}
	return nil
}
