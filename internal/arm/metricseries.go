package arm

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"causeway/internal/history"
)

// keyOf tells combinations of dimensions apart.
func keyOf(dimensions map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		b.WriteString("\x00" + name + "\x01" + dimensions[name])
	}
	return b.String()
}

// bucket is what a metric was in one interval. Each minute's own value counts for the minimum and the maximum.
type bucket struct {
	minutes map[time.Time]*cell
}

// combined is what a metric was for one combination of dimensions.
type combined struct {
	dimensions map[string]string
	whole      *bucket               // over the window
	intervals  map[time.Time]*bucket // by the start of each
}

// combine brings cells together by the dimensions that the query splits.
func (m *metricQuery) combine(cells []cell) map[string]*combined {
	out := map[string]*combined{}
	for _, c := range cells {
		d, ok := m.project(c.dimensions)
		start := c.at.Add(-history.Every).Truncate(m.interval)
		if !ok || start.Before(m.from.Truncate(m.interval)) || !start.Before(m.to) {
			continue
		}
		one := out[keyOf(d)]
		if one == nil {
			one = &combined{dimensions: d, whole: newBucket(), intervals: map[time.Time]*bucket{}}
			out[keyOf(d)] = one
		}
		if one.intervals[start] == nil {
			one.intervals[start] = newBucket()
		}
		one.whole.add(c)
		one.intervals[start].add(c)
	}
	return out
}

// series are the values of a metric, by the dimensions that the query splits. The error is that of ctx, or refuses a query that
// asks for too much.
func (m *metricQuery) series(ctx context.Context, of metric, cells []cell) ([]any, error) {
	all, out := m.combine(cells), []any{}
	for _, key := range m.order.sorted(all) {
		if len(out) == m.top && len(m.split) > 0 {
			break
		}
		if err := m.spend(ctx); err != nil {
			return nil, err
		}
		data := []any{}
		for start := m.from.Truncate(m.interval); start.Before(m.to) && !m.bare; start = start.Add(m.interval) {
			point := map[string]any{"timeStamp": start.Format(time.RFC3339)}
			if b := all[key].intervals[start]; b != nil {
				b.write(point, m.aggregationsOf(of))
			}
			data = append(data, point)
		}
		out = append(out, map[string]any{"metadatavalues": metadata(all[key].dimensions), "data": data})
	}
	return out, nil
}

// spend counts the points of one more series, before anything is made of them.
func (m *metricQuery) spend(ctx context.Context) error {
	if m.points += int(m.to.Sub(m.from.Truncate(m.interval))/m.interval) + 1; m.points > pointsMax {
		return refuse(http.StatusBadRequest, "ResponseTooLarge",
			"the answer would have more than %d values: ask for a shorter timespan, a longer interval, fewer metrics or a smaller top", pointsMax)
	}
	return ctx.Err()
}

func (m *metricQuery) aggregationsOf(of metric) []string {
	if len(m.aggregations) == 0 {
		return []string{of.primary}
	}
	return m.aggregations
}

// project leaves those dimensions that the query splits; ok is false for a combination that it does not ask for.
func (m *metricQuery) project(dimensions map[string]string) (out map[string]string, ok bool) {
	out = map[string]string{}
	for _, name := range m.split {
		if !slices.Contains(m.rolled, name) {
			out[name] = dimensions[name]
		}
		if want, is := m.equal[name]; is && !strings.EqualFold(want, dimensions[name]) {
			return nil, false
		}
	}
	return out, true
}

// metadata are the dimensions of a series. Azure writes their names in lower case.
func metadata(dimensions map[string]string) []any {
	out := []any{}
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		lower := strings.ToLower(name)
		out = append(out, map[string]any{"name": named(lower), "value": dimensions[name]})
	}
	return out
}

func newBucket() *bucket { return &bucket{map[time.Time]*cell{}} }

func (b *bucket) add(c cell) {
	if minute := b.minutes[c.at]; minute != nil {
		minute.sum += c.sum
		minute.count += c.count
		return
	}
	b.minutes[c.at] = &c
}

// write adds the aggregations to a point.
func (b *bucket) write(point map[string]any, aggregations []string) {
	if values := b.values(); values != nil {
		for _, a := range aggregations {
			point[strings.ToLower(a)] = values[a]
		}
	}
}

// values are those of all aggregations; nil: there are none.
func (b *bucket) values() map[string]float64 {
	var sum, n float64
	lowest, highest, first := 0.0, 0.0, true
	for _, c := range b.minutes {
		sum, n = sum+c.sum, n+c.count
		if c.count == 0 {
			continue
		}
		v := c.sum / c.count
		if first || v < lowest {
			lowest = v
		}
		if first || v > highest {
			highest = v
		}
		first = false
	}
	if n == 0 {
		return nil
	}
	return map[string]float64{average: sum / n, total: sum, count: n, minimum: lowest, maximum: highest}
}
