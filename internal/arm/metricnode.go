package arm

import (
	"encoding/json"
	"time"
)

// metricQuestion is what one node asks another about a metric.
type metricQuestion struct {
	Name string    `json:"name"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// metricPart is a metric on one node, by combination of its dimensions.
type metricPart []strand

// strand is the cells of one combination of dimensions, in columns.
type strand struct {
	Dimensions map[string]string `json:"dimensions,omitempty"`
	Times      []int64           `json:"times"` // Unix milliseconds
	Sums       []float64         `json:"sums"`
	Counts     []float64         `json:"counts"`
}

// cells are those of a metric on all nodes.
func (q *request) cells(nodes *survey, m metric, from, to time.Time) (cells []cell, err error) {
	if m.read == nil {
		return nil, nil
	}
	others := ask[metricPart](nodes, "metric", metricQuestion{m.name, from, to}, func() {
		cells, err = m.read(q.Context(), q.server.history, from, to)
	})
	if err != nil || len(others) == 0 {
		return cells, err
	}
	for _, part := range others {
		cells = append(cells, part.cells()...)
	}
	if m.adds {
		cells = merged(cells)
	}
	return cells, nil
}

// nodeMetric answers for this node alone.
func nodeMetric(q *request) (response, error) {
	if q.server.history == nil {
		return response{}, ErrNoHistory
	}
	var asked metricQuestion
	if err := json.NewDecoder(q.Body).Decode(&asked); err != nil {
		return response{}, badQuestion(err)
	}
	m, err := namedMetric(asked.Name)
	if err != nil {
		return response{}, err
	}
	if m.read == nil {
		return ok(metricPart{})
	}
	cells, err := m.read(q.Context(), q.server.history, asked.From, asked.To)
	if err != nil {
		return response{}, err
	}
	return ok(partOf(cells))
}

// partOf puts cells into the form in which one node sends them to another.
func partOf(cells []cell) metricPart {
	at, out := map[string]int{}, metricPart{}
	for _, c := range cells {
		key := keyOf(c.dimensions)
		i, known := at[key]
		if !known {
			i = len(out)
			at[key] = i
			out = append(out, strand{Dimensions: c.dimensions})
		}
		s := &out[i]
		s.Times, s.Sums, s.Counts = append(s.Times, c.at.UnixMilli()), append(s.Sums, c.sum), append(s.Counts, c.count)
	}
	return out
}

// cells is the way back. Columns that do not fit together end with the shortest.
func (p metricPart) cells() (out []cell) {
	for _, s := range p {
		for i := range min(len(s.Times), len(s.Sums), len(s.Counts)) {
			out = append(out, cell{time.UnixMilli(s.Times[i]).UTC(), s.Dimensions, s.Sums[i], s.Counts[i]})
		}
	}
	return out
}
