package report

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"time"

	"causeway/internal/units"
)

// chart is a picture in units of its own: panels above each other that share an axis. Everything in it is placed here,
// so that the page only writes it down.
type chart struct {
	ID      string     `json:"id"`
	Title   string     `json:"title"`
	Note    string     `json:"note"` // says in words what there is to see
	Width   int        `json:"width"`
	Height  float64    `json:"height"`
	Left    float64    `json:"left"`
	Right   float64    `json:"right"`
	AxisY   float64    `json:"axisY"` // where the lowest panel ends, and the ticks below it
	TickY   float64    `json:"tickY"`
	Panels  []panel    `json:"panels"`
	Ticks   []tick     `json:"ticks"`
	Axis    string     `json:"axis"`
	Mark    *mark      `json:"mark"`
	Legend  []legend   `json:"legend"`
	Head    []string   `json:"head"` // of the same as a table
	Rows    [][]string `json:"rows"`
	Summary string     `json:"summary"` // of the table
}

type panel struct {
	Label  string  `json:"label"`
	Top    float64 `json:"top"`
	Bottom float64 `json:"bottom"`
	Grid   []grid  `json:"grid"`
	Bars   []bar   `json:"bars"`
}

type grid struct {
	Y     float64 `json:"y"`
	Label string  `json:"label"`
}

type bar struct {
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	W     float64 `json:"w"`
	H     float64 `json:"h"`
	Class string  `json:"class"`
	Title string  `json:"title"`
}

type tick struct {
	X      float64 `json:"x"`
	Label  string  `json:"label"`
	Anchor string  `json:"anchor"`
	Spare  bool    `json:"spare"` // left out on a narrow screen
}

// mark is a line across all panels.
type mark struct {
	X      float64 `json:"x"`
	Label  string  `json:"label"`
	Anchor string  `json:"anchor"`
	TextX  float64 `json:"textX"`
}

type legend struct {
	Class string `json:"class"`
	Label string `json:"label"`
	Note  string `json:"note"`
}

// Measures of a chart.
const (
	chartWidth  = 640
	chartLeft   = 38.0
	chartRight  = 630.0
	chartTop    = 22.0 // room for the label of the mark
	panelGap    = 26.0
	axisRoom    = 36.0
	tickLength  = 4.0
	widestBar   = 36.0
	narrowestUp = 1.5 // height of the smallest count that is shown
)

func newChart(id, title string) *chart {
	return &chart{ID: id, Title: title, Width: chartWidth, Left: chartLeft, Right: chartRight, Height: chartTop + axisRoom}
}

// slot is one place on the axis, with what is stacked on it.
type slot struct {
	from, to float64 // 0 to 1
	parts    []part
	title    string
}

type part struct {
	n     int
	class string
}

// add puts a panel below the others.
func (c *chart) add(label string, high float64, slots []slot) {
	top := c.Height - axisRoom
	if len(c.Panels) > 0 {
		top += panelGap
	} else {
		top += 14 // its label
	}
	p := panel{Label: label, Top: top, Bottom: top + high}
	most := 0
	for _, s := range slots {
		most = max(most, s.total())
	}
	scale := niceMax(most)
	for _, n := range gridAt(scale) {
		p.Grid = append(p.Grid, grid{Y: tenth(p.Bottom - high*float64(n)/float64(scale)), Label: grouped(n)})
	}
	for _, s := range slots {
		p.Bars = append(p.Bars, c.stack(s, &p, high/float64(scale))...)
	}
	c.Panels = append(c.Panels, p)
	c.Height, c.AxisY, c.TickY = p.Bottom+axisRoom, p.Bottom, p.Bottom+tickLength
}

func (s *slot) total() int {
	n := 0
	for _, p := range s.parts {
		n += p.n
	}
	return n
}

// stack is the bars of one slot.
func (c *chart) stack(s slot, p *panel, unit float64) []bar {
	left, right := c.x(s.from), c.x(s.to)
	wide := right - left
	if wide > 4 {
		wide--
	}
	wide = min(max(wide, 1), widestBar)
	var out []bar
	y := p.Bottom
	for _, part := range s.parts {
		if part.n == 0 {
			continue
		}
		high := max(float64(part.n)*unit, narrowestUp)
		y -= high
		out = append(out, bar{
			X:     tenth((left + right - wide) / 2),
			Y:     tenth(y),
			W:     tenth(wide),
			H:     tenth(high),
			Class: part.class,
			Title: s.title,
		})
	}
	return out
}

// x is a place on the axis, of 0 to 1.
func (c *chart) x(at float64) float64 { return c.Left + at*(c.Right-c.Left) }

func (c *chart) tick(at float64, label string) {
	t := tick{X: tenth(c.x(at)), Label: label, Anchor: "middle", Spare: len(c.Ticks)%2 == 1}
	if t.X+float64(len(label))*3.3 > chartWidth {
		t.Anchor = "end"
	}
	c.Ticks = append(c.Ticks, t)
}

// line marks a place. Its label stays inside.
func (c *chart) line(at float64, label string) {
	x := tenth(c.x(at))
	m := &mark{X: x, Label: label, Anchor: "middle", TextX: x}
	half := float64(len(label)) * 5 // as wide as on a narrow screen, where letters are larger
	if x+half > c.Right {
		m.Anchor, m.TextX = "end", min(x+4, c.Right)
	} else if x-half < c.Left {
		m.Anchor, m.TextX = "start", max(x-4, c.Left)
	}
	c.Mark = m
}

func tenth(x float64) float64 { return math.Round(x*10) / 10 }

// niceMax is the next number that an axis may end at.
func niceMax(n int) int {
	for power := 1; ; power *= 10 {
		for _, f := range []int{1, 2, 3, 4, 5, 6, 8} {
			if n <= f*power {
				return f * power
			}
		}
	}
}

func gridAt(most int) []int {
	if most%2 == 0 {
		return []int{0, most / 2, most}
	}
	return []int{0, most}
}

// grouped writes a number with its thousands apart.
func grouped(n int) string {
	s := strconv.Itoa(n)
	if len(s) < 5 {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// chart draws what happened when.
func (t *Timeline) chart(titles map[string]string) *chart {
	c := newChart("timeline", "Failures over time")
	n := len(t.Requests)
	step := inSeconds(t.Step)
	from, err := time.Parse(time.RFC3339, t.From)
	if err != nil || n == 0 {
		return nil
	}
	format := clockFormat(from, time.Duration(n)*step, step)
	requests, failed := make([]slot, n), make([]slot, n)
	c.Head = []string{"From (UTC)", "Requests"}
	for i := range t.Causes {
		c.Head = append(c.Head, t.Causes[i].Cause)
		c.Legend = append(c.Legend, t.Causes[i].legend(i, titles))
	}
	for i := range n {
		at := from.Add(time.Duration(i) * step)
		a, b := float64(i)/float64(n), float64(i+1)/float64(n)
		requests[i] = slot{a, b, []part{{t.Requests[i], "neutral"}}, at.Format(format) + ": " + units.Count(t.Requests[i], "request",
			"requests")}
		failed[i] = t.failedIn(i, a, b, at.Format(format))
		c.row(at.Format(format), t, i)
	}
	c.add("Requests in "+stepText(step), 40, requests)
	c.add(t.failedLabel()+" in "+stepText(step), 116, failed)
	c.timeTicks(from, time.Duration(n)*step)
	c.Axis = "time, UTC"
	c.Note = fmt.Sprintf("%d steps of %s from %s; requests above, failures by cause below.", n, stepText(step), t.From)
	c.Summary = "Steps in which something failed"
	return c
}

// failedLabel says what the bars count: with recovered ones, which are paler, or without.
func (t *Timeline) failedLabel() string {
	for i := range t.Causes {
		if total(t.Causes[i].Recovered) > 0 {
			return "Failed, and recovered by a retry (pale),"
		}
	}
	return "Failed"
}

func (c *CauseSteps) legend(i int, titles map[string]string) legend {
	failures, recovered := total(c.Failures), total(c.Recovered)
	note := grouped(failures)
	if recovered > 0 {
		note += " and " + grouped(recovered) + " recovered"
	}
	label := c.Cause
	if title := titles[c.Cause]; title != "" {
		label += ": " + title
	}
	return legend{Class: seriesClass(c.Cause, i), Label: label, Note: note}
}

func total(list []int) int {
	n := 0
	for _, x := range list {
		n += x
	}
	return n
}

// seriesClass is the colour of a cause: those that are no causes have none.
func seriesClass(name string, i int) string {
	if name == UndeterminedName || name == OtherName {
		return "s-" + name
	}
	return "s" + strconv.Itoa(i)
}

func (t *Timeline) failedIn(i int, from, to float64, at string) slot {
	s := slot{from: from, to: to, title: at}
	for j := range t.Causes {
		k := &t.Causes[j]
		n := k.Failures[i] + k.Recovered[i]
		s.parts = append(s.parts, part{k.Failures[i], seriesClass(k.Cause, j)}, part{k.Recovered[i], seriesClass(k.Cause, j) + " hid"})
		if n > 0 {
			s.title += fmt.Sprintf("; %s: %d failed, %d recovered", k.Cause, k.Failures[i], k.Recovered[i])
		}
	}
	return s
}

// row adds a step in which something failed to the table.
func (c *chart) row(at string, t *Timeline, i int) {
	cells, any := []string{at, strconv.Itoa(t.Requests[i])}, false
	for j := range t.Causes {
		n := t.Causes[j].Failures[i] + t.Causes[j].Recovered[i]
		cells = append(cells, strconv.Itoa(n))
		any = any || n > 0
	}
	if any {
		c.Rows = append(c.Rows, cells)
	}
}

func stepText(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0:
		return units.Count(int(d/(24*time.Hour)), "day", "days")
	case d%time.Hour == 0:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	case d%time.Minute == 0:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	}
	return seconds0(d)
}

func seconds0(d time.Duration) string { return strconv.Itoa(int(d/time.Second)) + " s" }

// clockFormat is the shortest format that identifies a time.
func clockFormat(from time.Time, long, step time.Duration) string {
	format := "15:04"
	if step%time.Minute != 0 {
		format = "15:04:05"
	}
	if from.Truncate(24*time.Hour) != from.Add(long-1).Truncate(24*time.Hour) {
		format = "Jan 2 " + format
	}
	return format
}

// timeTicks are at round times.
func (c *chart) timeTicks(from time.Time, long time.Duration) {
	every := NiceSteps[0]
	for _, s := range append(NiceSteps[1:len(NiceSteps):len(NiceSteps)], 48*time.Hour, 7*24*time.Hour, 28*24*time.Hour, 56*24*time.Hour,
		365*24*time.Hour) {
		if long/every <= 7 {
			break
		}
		every = s
	}
	format := clockFormat(from, long, every)
	for at := from.Truncate(every); at.Before(from.Add(long)); at = at.Add(every) {
		if !at.Before(from) {
			c.tick(float64(at.Sub(from))/float64(long), at.Format(format))
		}
	}
}

// chart draws how long attempts took, on a logarithmic axis.
func (s *LatencyShape) chart(id string) *chart {
	c := newChart(id, "Latency under "+Named(s.Settings, "settings"))
	if len(s.Buckets) == 0 {
		return nil
	}
	low, high := s.Buckets[0].From, s.Buckets[len(s.Buckets)-1].To
	if s.RequestTimeout > 0 {
		low, high = min(low, s.RequestTimeout*0.8), max(high, s.RequestTimeout*1.25)
	}
	at := func(x float64) float64 { return math.Log(x/low) / math.Log(high/low) }
	var answers, failures []slot
	c.Head = []string{"From", "To", "Answered", "Failed"}
	for _, b := range s.Buckets {
		from, to := units.Seconds(inSeconds(b.From)), units.Seconds(inSeconds(b.To))
		title := fmt.Sprintf("%s to %s: %d answered, %d failed", from, to, b.Answered, b.Failed)
		answers = append(answers, slot{at(b.From), at(b.To), []part{{b.Answered, "good"}}, title})
		failures = append(failures, slot{at(b.From), at(b.To), []part{{b.Failed, "bad"}}, title})
		if b.Answered+b.Failed > 0 {
			c.Rows = append(c.Rows, []string{from, to, strconv.Itoa(b.Answered), strconv.Itoa(b.Failed)})
		}
	}
	c.add("Answered", 84, answers)
	c.add("Failed", 60, failures)
	c.logTicks(low, high, at)
	c.Axis = "time until the answer began, or until the attempt failed (logarithmic)"
	c.Note = "Attempts by how long they took; answered above, failed below."
	if s.RequestTimeout > 0 {
		c.line(at(s.RequestTimeout), "request timeout "+units.Seconds(inSeconds(s.RequestTimeout)))
		c.Note += " The line is the request timeout of " + units.Seconds(inSeconds(s.RequestTimeout)) + "."
	}
	c.Summary = "Latency in numbers"
	return c
}

// logTicks are at powers of ten, and at 2 and 5 times as much where there is room.
func (c *chart) logTicks(low, high float64, at func(float64) float64) {
	factors := []float64{1}
	if high/low < 5000 {
		factors = []float64{1, 2, 5}
	}
	for e := math.Floor(math.Log10(low)); e <= math.Log10(high); e++ {
		for _, f := range factors {
			if x := f * math.Pow(10, e); x >= low*0.999 && x <= high*1.001 {
				c.tick(at(x), briefly(x))
			}
		}
	}
}

// briefly writes a duration in seconds for an axis.
func briefly(x float64) string {
	switch {
	case x < 0.000999:
		return units.Decimal(x*1e6, 0) + " µs"
	case x < 0.999:
		return units.Decimal(x*1e3, 1) + " ms"
	}
	return units.Decimal(x, 1) + " s"
}

// Named is a name, or a word for what has none.
func Named(name, kind string) string { return cmp.Or(name, kind+" without a name") }

// chart draws how long connections had been idle when their turn came.
func (s *IdleShape) chart(id string) *chart {
	c := newChart(id, "Idle age of reused connections to "+Named(s.Member, "a member"))
	end := s.end()
	if end == 0 {
		return nil
	}
	var answers, losses, closes []slot
	found := 0
	c.Head = []string{"Idle for", "Answered", "Lost", "Found closed"}
	for i, b := range s.Buckets {
		from := units.Seconds(inSeconds(b.From))
		if i == len(s.Buckets)-1 {
			from += " or more"
		}
		title := fmt.Sprintf("idle for %s: %d answered, %d lost, %d found closed", from, b.Answered, b.Lost, b.Closed)
		place := func(n int, class string) slot {
			return slot{b.From / end, (b.From + s.Step) / end, []part{{n, class}}, title}
		}
		answers, losses, closes = append(answers, place(b.Answered, "good")), append(losses, place(b.Lost, "bad")),
			append(closes, place(b.Closed, "neutral"))
		found += b.Closed
		if b.Answered+b.Lost+b.Closed > 0 {
			c.Rows = append(c.Rows, []string{from, strconv.Itoa(b.Answered), strconv.Itoa(b.Lost), strconv.Itoa(b.Closed)})
		}
	}
	c.add("Answered", 60, answers)
	c.add("Lost", 60, losses)
	if found > 0 {
		c.add("Found closed before use", 34, closes)
	}
	c.linearTicks(end)
	c.Axis = "idle age when the connection was picked"
	c.Note = fmt.Sprintf("Connections by how long they had been idle, in steps of %s.", units.Seconds(inSeconds(s.Step)))
	if s.Limit > 0 {
		c.line(s.Limit/end, "connections end at "+units.Seconds(inSeconds(s.Limit)))
		c.Note += " The line is the idle age of " + units.Seconds(inSeconds(s.Limit)) +
			" at which the connections of the lost requests ended."
	}
	c.Summary = "Idle ages in numbers"
	return c
}

func (c *chart) linearTicks(end float64) {
	step := IdleStep(inSeconds(end / 8 * MaxBuckets)).Seconds() // so that there are about eight
	for i := 0; float64(i)*step <= end*1.0001; i++ {
		c.tick(float64(i)*step/end, briefly0(float64(i)*step))
	}
}

func briefly0(x float64) string {
	if x == 0 {
		return "0"
	}
	return briefly(x)
}
