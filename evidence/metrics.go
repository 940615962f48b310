package evidence

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/accesslog"
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
		b.skip(name, 0, "its metrics cannot be read: "+err.Error())
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
	value := func(f accesslog.Field) float64 {
		if !row.Has(f) {
			return math.NaN()
		}
		return row.Real(f)
	}
	return point{string(row.Text(accesslog.MetricName)), Point{
		at, value(accesslog.Average), value(accesslog.Total), value(accesslog.Minimum), value(accesslog.Maximum), value(accesslog.Samples),
	}}, true
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
func (r *reading) metricTable(s *source, c *csv.Reader, heading []string) error {
	series := make([]Metric, len(heading))
	for i := range heading[1:] {
		series[i+1].Name = metricName(heading[i+1])
	}
	for {
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, csv.ErrFieldCount) {
			return fmt.Errorf("read a row of metrics: %w", err)
		}
		at, ok := s.times[0].Parse([]byte(cells[0]))
		for i := 1; ok && i < min(len(cells), len(series)); i++ {
			if v, err := strconv.ParseFloat(strings.TrimSpace(cells[i]), 64); err == nil && series[i].Name != "" {
				series[i].Points = append(series[i].Points, Point{at, v, math.NaN(), math.NaN(), math.NaN(), math.NaN()})
			}
		}
	}
	for _, m := range series {
		if len(m.Points) > 0 {
			r.b.Metrics = append(r.b.Metrics, m)
		}
	}
	return nil
}
