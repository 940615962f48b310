package evidence

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/table"
)

// Metric is one series of a metric of the gateway.
type Metric struct {
	Name       string            // as the REST API names it: CapacityUnits
	Unit       string            // Count, MilliSeconds, Percent …; empty: unknown
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
		at, row.Real(accesslog.Average), row.Real(accesslog.Total), row.Real(accesslog.Minimum), row.Real(accesslog.Maximum),
		row.Real(accesslog.Samples),
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

// joinMetrics makes one series of those that came in parts, once all are read.
func (b *Bundle) joinMetrics() {
	slices.SortStableFunc(b.Metrics, func(x, y Metric) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), slices.Compare(x.place(), y.place()), x.Points[0].At.Compare(y.Points[0].At))
	})
	joined := b.Metrics[:0]
	for _, m := range b.Metrics {
		if n := len(joined); n > 0 && joined[n-1].endsBefore(&m) {
			last := &joined[n-1]
			last.Points = slices.CompactFunc(append(last.Points, m.Points...), func(x, y Point) bool { return x.At.Equal(y.At) })
			continue
		}
		joined = append(joined, m)
	}
	clear(b.Metrics[len(joined):])
	b.Metrics = joined
}

// place is the dimensions of a series, in order.
func (m *Metric) place() (out []string) {
	for name, value := range m.Dimensions {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return out
}

// endsBefore reports whether another series is a later part of this one. Parts that overlap are of different intervals, or of two
// exports: they stay apart.
func (m *Metric) endsBefore(o *Metric) bool {
	return m.Name == o.Name && m.Unit == o.Unit && slices.Equal(m.place(), o.place()) &&
		!m.Points[len(m.Points)-1].At.After(o.Points[0].At)
}

// metricTable reads a chart that was exported as a table: a time, and a column for each series.
func (r *reading) metricTable(s *source, rows table.Rows, heading []string) error {
	series := make([]Metric, len(heading))
	for i := range heading[1:] {
		series[i+1].Name = table.MetricName(heading[i+1])
	}
	err := r.eachInterval(s, rows, func(cells []string) bool {
		at, ok := s.style.Columns[0].Times.Parse([]byte(cells[0]))
		for i := 1; ok && i < min(len(cells), len(series)); i++ {
			if v := s.style.Columns[i].Real(cells[i]); !math.IsNaN(v) && series[i].Name != "" && len(series[i].Points) < maxPoints {
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

// metricList reads such a table.
func (r *reading) metricList(s *source, rows table.Rows, heading []string) error {
	at := table.MetricListOf(heading)
	return r.eachInterval(s, rows, func(cells []string) bool {
		if at[0] >= len(cells) || at[1] >= len(cells) {
			return false
		}
		var v [5]float64
		for i, from := range at[2:] {
			if v[i] = math.NaN(); from >= 0 && from < len(cells) {
				v[i] = s.style.Columns[from].Real(cells[from])
			}
		}
		when, ok := s.style.Columns[at[0]].Times.Parse([]byte(cells[at[0]]))
		p := point{cmp.Or(table.MetricName(cells[at[1]]), cells[at[1]]), Point{when, v[0], v[1], v[2], v[3], v[4]}}
		if !ok || math.IsNaN(p.Value()) && math.IsNaN(p.Peak()) {
			return false
		}
		r.b.addPoint(&p)
		return true
	})
}

// eachInterval calls f with the rows of a table of metrics. f reports whether a row was of use.
func (r *reading) eachInterval(s *source, rows table.Rows, f func(cells []string) bool) error {
	err := r.eachRow(s, rows, func(cells []string, line int) {
		if f(cells) {
			s.rows++
			r.b.Rows++
			return
		}
		r.b.skip(s.name, line, "the row of metrics has no readable time or no readable number")
		s.bad++
	})
	if err != nil {
		return fmt.Errorf("read a row of metrics: %w", err)
	}
	return nil
}
