package evidence

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/accesslog"
)

// Metric is one series of a metric of the gateway.
type Metric struct {
	Name       string            // as the REST API names it: CapacityUnits
	Unit       string            // Count, MilliSeconds, Percent …; empty: not said
	Dimensions map[string]string // lower-case names; nil: the gateway as a whole
	Points     []Point           // oldest first
}

// Point is a metric in one interval. What was not asked for is NaN.
type Point struct {
	At                                       time.Time
	Average, Total, Minimum, Maximum, Number float64
}

// Value is the average where there is one, else the total over the interval.
func (p Point) Value() float64 {
	if !math.IsNaN(p.Average) {
		return p.Average
	}
	return p.Total
}

// Peak is the maximum within the interval, or what Value says.
func (p Point) Peak() float64 {
	if !math.IsNaN(p.Maximum) {
		return p.Maximum
	}
	return p.Value()
}

// maxPoints bounds what is kept of metrics: a month of minutes for fifty series.
const maxPoints = 50 * 31 * 24 * 60

// metrics reads what the REST API and az monitor metrics list return.
func (b *Bundle) metrics(name string, data []byte) {
	var answer struct {
		Value []struct {
			Name       struct{ Value string }
			Unit       string
			Timeseries []struct {
				MetadataValues []struct {
					Name  struct{ Value string }
					Value string
				}
				Data []struct {
					TimeStamp                               string
					Average, Total, Minimum, Maximum, Count *float64
				}
			}
		}
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		b.skip(name, 0, "its metrics cannot be read: "+reasonOf(err))
		return
	}
	for _, v := range answer.Value {
		for _, series := range v.Timeseries {
			m := Metric{Name: v.Name.Value, Unit: v.Unit}
			for _, d := range series.MetadataValues {
				if m.Dimensions == nil {
					m.Dimensions = map[string]string{}
				}
				m.Dimensions[strings.ToLower(d.Name.Value)] = d.Value
			}
			for _, d := range series.Data {
				at, ok := accesslog.ParseTime([]byte(d.TimeStamp))
				p := Point{at, number(d.Average), number(d.Total), number(d.Minimum), number(d.Maximum), number(d.Count)}
				if ok && !math.IsNaN(p.Value()+p.Peak()) || ok && !math.IsNaN(p.Value()) || ok && !math.IsNaN(p.Peak()) {
					m.Points = append(m.Points, p)
				}
			}
			if len(m.Points) > 0 {
				b.Metrics = append(b.Metrics, m)
			}
		}
	}
	b.sortMetrics()
}

func number(f *float64) float64 {
	if f == nil {
		return math.NaN()
	}
	return *f
}

// point is one interval of one metric, as a storage account has it on a line.
type point struct {
	name string
	Point
}

// pointOf reads a row of metrics.
func pointOf(row *accesslog.Row) (point, bool) {
	at, ok := row.When()
	if !ok || !row.Has(accesslog.MetricName) {
		return point{}, false
	}
	p := Point{
		at, row.Real(accesslog.Average), row.Real(accesslog.Total), row.Real(accesslog.Minimum), row.Real(accesslog.Maximum), row.Real(accesslog.Samples),
	}
	return point{string(row.Text(accesslog.MetricName)), p}, !math.IsNaN(p.Value()) || !math.IsNaN(p.Peak())
}

// addPoint keeps an interval of a metric that came as a row.
func (b *Bundle) addPoint(p *point) {
	for i := range b.Metrics {
		if m := &b.Metrics[i]; m.Name == p.name && m.Dimensions == nil {
			if len(m.Points) < maxPoints {
				m.Points = append(m.Points, p.Point)
			}
			return
		}
	}
	b.Metrics = append(b.Metrics, Metric{Name: p.name, Points: []Point{p.Point}})
}

// sortMetrics puts points into the order of time, each interval once.
func (b *Bundle) sortMetrics() {
	for i := range b.Metrics {
		m := &b.Metrics[i]
		slices.SortStableFunc(m.Points, func(x, y Point) int { return x.At.Compare(y.At) })
		m.Points = slices.CompactFunc(m.Points, func(x, y Point) bool { return x.At.Equal(y.At) })
	}
	slices.SortStableFunc(b.Metrics, func(x, y Metric) int { return cmp.Compare(x.Name, y.Name) })
}

// Metric names as the portal shows them.
var displayNames = map[string]string{
	"application gateway total time": "ApplicationGatewayTotalTime", "backend connect time": "BackendConnectTime",
	"backend first byte response time": "BackendFirstByteResponseTime", "backend last byte response time": "BackendLastByteResponseTime",
	"client rtt": "ClientRtt", "backend response status": "BackendResponseStatus", "response status": "ResponseStatus", "total requests": "TotalRequests",
	"failed requests": "FailedRequests", "healthy host count": "HealthyHostCount", "unhealthy host count": "UnhealthyHostCount",
	"current connections": "CurrentConnections", "new connections per second": "NewConnectionsPerSecond", "throughput": "Throughput",
	"current capacity units": "CapacityUnits", "current compute units": "ComputeUnits", "estimated billed capacity units": "EstimatedBilledCapacityUnits",
	"fixed billable capacity units": "FixedBillableCapacityUnits", "cpu utilization": "CpuUtilization",
}

// metricName finds the metric in a heading such as "Current Capacity Units (Avg), gw1"; empty if there is none.
func metricName(heading string) string {
	text := strings.ToLower(strings.Trim(strings.TrimSpace(heading), `"`))
	best := ""
	for display, name := range displayNames {
		if (strings.HasPrefix(text, display) || strings.HasPrefix(text, strings.ToLower(name))) && len(display) > len(best) {
			best = display
		}
	}
	return displayNames[best]
}

// isMetricHeading reports whether a table has a time and then metrics.
func isMetricHeading(names []string) bool {
	if len(names) < 2 {
		return false
	}
	first := strings.ToLower(strings.Trim(strings.TrimSpace(names[0]), `"`))
	return (strings.HasPrefix(first, "time") || strings.HasPrefix(first, "date") || first == "") && metricName(names[1]) != ""
}

// metricTable reads a chart that was exported as a table: a time, and a column for each series.
func (r *reading) metricTable(s *source, rows cells, heading []string) error {
	series := make([]Metric, len(heading))
	for i := range heading[1:] {
		series[i+1].Name = metricName(heading[i+1])
	}
	err := r.eachRow(s, rows, func(cells []string) bool {
		at, ok := s.style.columns[0].times.Parse([]byte(cells[0]))
		for i := 1; ok && i < min(len(cells), len(series)); i++ {
			if v := s.style.columns[i].real(cells[i]); !math.IsNaN(v) && series[i].Name != "" && len(series[i].Points) < maxPoints {
				series[i].Points = append(series[i].Points, Point{at, v, math.NaN(), math.NaN(), math.NaN(), math.NaN()})
			}
		}
		return ok
	})
	for _, m := range series {
		if len(m.Points) > 0 {
			r.b.Metrics = append(r.b.Metrics, m)
		}
	}
	return err
}

// isMetricList reports whether a table has a row for each interval of a metric: its time, its name and its values, as
// az monitor metrics list prints with -o table.
func isMetricList(names []string) bool { return metricListOf(names) != nil }

// metricListOf finds the columns of such a table: time, name, then those of Point's values; nil if it is none. A column that
// is missing is -1.
func metricListOf(names []string) []int {
	at := []int{-1, -1, -1, -1, -1, -1, -1}
	for i, name := range names {
		switch field := accesslog.FieldOf(name); {
		case field == accesslog.Time:
			at[0] = i
		case strings.EqualFold(strings.TrimSpace(name), "name"), strings.EqualFold(strings.TrimSpace(name), "metric"):
			at[1] = i
		default:
			if k := slices.Index([]accesslog.Field{accesslog.Average, accesslog.Total, accesslog.Minimum, accesslog.Maximum, accesslog.Samples}, field); k >= 0 {
				at[2+k] = i
			}
		}
	}
	if at[0] < 0 || at[1] < 0 || max(at[2], at[3], at[4], at[5], at[6]) < 0 {
		return nil
	}
	return at
}

// metricList reads such a table.
func (r *reading) metricList(s *source, rows cells, heading []string) error {
	at := metricListOf(heading)
	return r.eachRow(s, rows, func(cells []string) bool {
		if at[0] >= len(cells) || at[1] >= len(cells) {
			return false
		}
		var v [5]float64
		for i, from := range at[2:] {
			if v[i] = math.NaN(); from >= 0 && from < len(cells) {
				v[i] = s.style.columns[from].real(cells[from])
			}
		}
		when, ok := s.style.columns[at[0]].times.Parse([]byte(cells[at[0]]))
		p := point{cmp.Or(metricName(cells[at[1]]), cells[at[1]]), Point{when, v[0], v[1], v[2], v[3], v[4]}}
		if !ok || math.IsNaN(p.Value()) && math.IsNaN(p.Peak()) {
			return false
		}
		r.b.addPoint(&p)
		return true
	})
}

// eachRow calls f with the rows of a table of metrics. f reports whether a row was of use.
func (r *reading) eachRow(s *source, rows cells, f func(cells []string) bool) error {
	for {
		row, line, err := rows.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case isRowError(err):
			r.b.skip(s.name, line, reasonOf(err))
			s.bad++
		case err != nil:
			return fmt.Errorf("read a row of metrics: %w", err)
		case f(row):
			s.rows++
			r.b.Rows++
		default:
			r.b.skip(s.name, line, "the row of metrics has no time, or no number, that can be read")
			s.bad++
		}
	}
}

// real is the number in a cell; NaN if it is none.
func (c *column) real(cell string) float64 {
	number, _, ok := plainNumber(cell, c.commas, false)
	v, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil {
		return math.NaN()
	}
	return v
}
