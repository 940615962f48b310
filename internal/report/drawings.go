package report

import (
	"fmt"
	"math"
	"strings"

	"causeway/internal/units"
)

// Drawings are the pictures of a report, with everything in its place: whoever shows them only writes them down, so that they look the
// same in the report as a page and anywhere else.
type Drawings struct {
	Timeline *chart      `json:"timeline"` // null: nothing failed
	Findings [][]*chart  `json:"findings"` // of each finding, in their order
	Other    []*chart    `json:"other"`    // those that belong to none
	Matrix   *matrixView `json:"matrix"`
}

// Draw places the pictures of the report.
func (r *Report) Draw() Drawings {
	d := Drawings{Findings: make([][]*chart, len(r.Findings))}
	shown := &gallery{pictures: r.Pictures}
	if r.Pictures != nil && r.Pictures.Timeline != nil && r.Failures+r.Recovered > 0 {
		d.Timeline = r.Pictures.Timeline.chart(r.titles())
	}
	for i := range r.Findings {
		d.Findings[i] = shown.of(&r.Findings[i])
	}
	d.Other = shown.rest()
	if r.Pictures != nil && r.Pictures.Matrix != nil {
		d.Matrix = r.Pictures.Matrix.view()
	}
	return d
}

// gallery hands out each picture once: to the first finding that it belongs to, and the rest at the end.
type gallery struct {
	pictures *Pictures
	idle     map[*IdleShape]bool
	latency  map[int]bool
	n        int
}

func (g *gallery) id() string {
	g.n++
	return fmt.Sprintf("picture%d", g.n)
}

func (g *gallery) of(f *Finding) []*chart {
	if g.pictures == nil {
		return nil
	}
	if g.idle == nil {
		g.idle, g.latency = map[*IdleShape]bool{}, map[int]bool{}
	}
	var out []*chart
	for _, s := range g.pictures.idleAgesOf(f) {
		if !g.idle[s] {
			g.idle[s] = true
			out = appendChart(out, s.chart(g.id()))
		}
	}
	for i := range g.pictures.Latency {
		if s := &g.pictures.Latency[i]; f.aboutTime() && s.Settings == f.Scope.Settings && !g.latency[i] {
			g.latency[i] = true
			out = appendChart(out, s.chart(g.id()))
		}
	}
	return out
}

// aboutTime reports whether a finding is about how long answers take.
func (f *Finding) aboutTime() bool {
	return strings.HasPrefix(f.Cause, "d-") || strings.HasPrefix(f.Cause, "g-") || f.Cause == "b-stateful-idle-drop"
}

func (g *gallery) rest() []*chart {
	var out []*chart
	if g.pictures == nil {
		return nil
	}
	for i := range g.pictures.Latency {
		if !g.latency[i] {
			out = appendChart(out, g.pictures.Latency[i].chart(g.id()))
		}
	}
	for i := range g.pictures.IdleAge {
		if s := &g.pictures.IdleAge[i]; !g.idle[s] {
			out = appendChart(out, s.chart(g.id()))
		}
	}
	return out
}

func appendChart(list []*chart, c *chart) []*chart {
	if c == nil {
		return list
	}
	return append(list, c)
}

// matrixView is where requests failed: a row for each member, a column for each instance.
type matrixView struct {
	Instances []string    `json:"instances"`
	Rows      []matrixRow `json:"rows"`
}

type matrixRow struct {
	Member string           `json:"member"`
	Cells  []matrixCellView `json:"cells"`
}

type matrixCellView struct {
	MatrixCell
	Rate string `json:"rate"`
	Heat int    `json:"heat"` // 0 to 5
}

func (m *Matrix) view() *matrixView {
	v := &matrixView{Instances: m.Instances}
	most := 0.0
	for _, row := range m.Cells {
		for _, c := range row {
			most = max(most, c.rate())
		}
	}
	for j, member := range m.Members {
		row := matrixRow{Member: member}
		if member == "" {
			row.Member = "no member tried"
		}
		for i := range m.Instances {
			c := m.Cells[i][j]
			row.Cells = append(row.Cells, matrixCellView{c, units.Percent(c.Failures, c.Requests), heat(c.rate(), most)})
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func (c MatrixCell) rate() float64 {
	if c.Requests == 0 {
		return 0
	}
	return float64(c.Failures) / float64(c.Requests)
}

// heat is how deep a colour is, of the deepest.
func heat(rate, most float64) int {
	if rate == 0 {
		return 0
	}
	return max(1, int(math.Ceil(5*rate/most)))
}
