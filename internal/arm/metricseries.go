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

// bucketKey is where the bucket of an interval is.
type bucketKey struct {
	combination string // of dimensions
	start       time.Time
}

// series are the values of a metric, by the dimensions that the query splits. The error is that of ctx, or refuses a query that
// asks for too much.
func (m *metricQuery) series(ctx context.Context, of metric, cells []cell) ([]any, error) {
	buckets, combinations := m.buckets(cells)
	out := []any{}
	for _, combination := range slices.Sorted(maps.Keys(combinations)) {
		if len(out) == m.top && len(m.split) > 0 {
			break
		}
		if err := m.spend(ctx); err != nil {
			return nil, err
		}
		data := []any{}
		for start := m.from.Truncate(m.interval); start.Before(m.to); start = start.Add(m.interval) {
			point := map[string]any{"timeStamp": start.Format(time.RFC3339)}
			if b := buckets[bucketKey{combination, start}]; b != nil {
				b.write(point, m.aggregationsOf(of))
			}
			data = append(data, point)
		}
		out = append(out, map[string]any{"metadatavalues": metadata(combinations[combination]), "data": data})
	}
	return out, nil
}

// spend counts the points of one more series, before anything is made of them.
func (m *metricQuery) spend(ctx context.Context) error {
	if m.points += int(m.to.Sub(m.from.Truncate(m.interval))/m.interval) + 1; m.points > pointsMax {
		return refuse(http.StatusBadRequest, "BadRequest",
			"the answer would have more than %d values: ask for a shorter timespan, a longer interval, fewer metrics or a smaller top", pointsMax)
	}
	return ctx.Err()
}

// buckets gathers the cells that the query asks for, by interval and by combination of dimensions.
func (m *metricQuery) buckets(cells []cell) (map[bucketKey]*bucket, map[string]map[string]string) {
	buckets, combinations := map[bucketKey]*bucket{}, map[string]map[string]string{}
	for _, c := range cells {
		d, ok := m.project(c.dimensions)
		start := c.at.Add(-history.Every).Truncate(m.interval)
		if !ok || start.Before(m.from.Truncate(m.interval)) || !start.Before(m.to) {
			continue
		}
		at := bucketKey{keyOf(d), start}
		combinations[at.combination] = d
		if buckets[at] == nil {
			buckets[at] = &bucket{map[time.Time]*cell{}}
		}
		buckets[at].add(c)
	}
	return buckets, combinations
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
		out[name] = dimensions[name]
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
		return
	}
	values := map[string]float64{average: sum / n, total: sum, count: n, minimum: lowest, maximum: highest}
	for _, a := range aggregations {
		point[strings.ToLower(a)] = values[a]
	}
}
