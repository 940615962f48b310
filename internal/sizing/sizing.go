// Package sizing holds the load that a gateway bore against what its instances and its size can give.
package sizing

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// Schema is the version of the capacity report.
const Schema = "causeway.capacity/v1"

// Report holds the load that was seen against what the gateway may give.
type Report struct {
	Schema     string        `json:"schema"`
	Generation string        `json:"generation"` // v1, v2
	Size       string        `json:"size"`       // name of the SKU
	Instances  [2]int        `json:"instances"`  // least and most, by the document
	Window     report.Window `json:"window"`
	Days       float64       `json:"days"` // of metrics, or else of logs
	Loads      []Load        `json:"loads"`
	// Part of the capacity that the busiest moment left free; negative: none; -1 with no loads
	Headroom  float64          `json:"headroom"`
	Judgement string           `json:"judgement"`
	Advice    []Advice         `json:"advice"`
	Assumed   []string         `json:"assumed"`
	Missing   []report.Missing `json:"missing"`
	Limits    [][]string       `json:"limits"` // the figures that the load is compared with

	Machine    *evidence.Machine `json:"machine,omitempty"`    // that a gateway of Causeway's runs on, where the evidence has it
	SelfHosted bool              `json:"selfHosted,omitempty"` // it is one of Causeway's

	Need        int    `json:"instancesNeeded,omitempty"` // instances that the load needs, of a gateway with so many; 0: not known
	Least, Most int    `json:"-"`                         // between which it should scale; 0: not known
	Larger      string `json:"-"`                         // SKU of the next size, where instances of this one are not enough
}

// Load is one measure of what the gateway bore.
type Load struct {
	Measure string  `json:"measure"`
	Source  string  `json:"source"` // metrics, access-log
	Peak    float64 `json:"peak"`
	High    float64 `json:"high"` // 95 of 100 intervals are below
	Limit   float64 `json:"limit"`
	Unit    string  `json:"unit"`
	At      string  `json:"at"` // of the peak
}

// Advice is a setting to change.
type Advice struct {
	Change   string          `json:"change"`
	Because  string          `json:"because"`
	Commands report.Commands `json:"commands"`

	Set []report.Setting `json:"set,omitempty"` // what a program sets to follow it on Causeway; see report.Fix
}

// Figures that Azure publishes of a second-generation gateway.
const (
	unitsPerInstance   = 10.0
	ConnectionsPerUnit = 2500.0 // persistent connections of a capacity unit
	bitsPerUnit        = 2.22e6 // a second
	mostInstances      = 125
	MostInstancesV1    = 32 // of a first-generation gateway
	enoughDays         = 7  // for advice on how many instances to keep
)

// sizeTable is the throughput of one first-generation instance with TLS, in bits a second, for pages of about 6 KB and of
// about 100 KB, as Azure publishes it.
var sizeTable = map[string][2]float64{
	"small": {7.5e6, 35e6}, "medium": {13e6, 100e6}, "large": {50e6, 200e6},
}

// FromEvidence reads what the gateway bore, and says what it has left.
func FromEvidence(b *evidence.Bundle) (*Report, error) {
	t, err := traffic.Summarise(b, traffic.Options{})
	if err != nil {
		return nil, err
	}
	if HostOf(t, b.Machine) != report.OnAzure {
		return machineCapacity(t, b.Machine), nil
	}
	return FromSummary(t), nil
}

// FromSummary compares the observed load with the capacity limits.
func FromSummary(t *traffic.Summary) *Report {
	if HostOf(t, nil) != report.OnAzure {
		return machineCapacity(t, nil)
	}
	c := &Report{Schema: Schema, Loads: []Load{}, Advice: []Advice{}, Assumed: []string{}, Missing: []report.Missing{}, Headroom: -1}
	frame(t, report.OnAzure, c)
	metricLoads(t, c)
	logLoads(t, c)
	judgeCapacity(t, c)
	return c
}

// frame says what gateway it is.
func frame(t *traffic.Summary, h report.Host, c *Report) {
	c.Generation, c.Instances = "v2", [2]int{1, 1}
	if t.Config == nil {
		c.Missing = append(c.Missing, MissingDocument(t, h, "without it neither the size nor the number of instances is known"))
		if t.V1 > 0 && 2*t.V1 > t.Requests || t.Metric("CpuUtilization") != nil {
			c.Generation = "v1"
		}
		c.Instances = [2]int{len(t.Instances), len(t.Instances)}
		assumed := "the gateway is of generation " + c.Generation
		if n := len(t.Instances); n > 0 {
			assumed += " with as many instances as write into the log, " + strconv.Itoa(n)
		}
		c.Assumed = append(c.Assumed, assumed)
		return
	}
	c.Size = t.Config.SKU.Name
	if t.Config.V1() {
		c.Generation = "v1"
	}
	c.Instances = [2]int{max(1, t.Config.SKU.Capacity), max(1, t.Config.SKU.Capacity)}
	if a := t.Config.Autoscale; a != nil {
		c.Instances = [2]int{a.Min, max(a.Max, a.Min)}
		if a.Max == 0 {
			c.Instances[1] = mostInstances
		}
	}
}

// metricLoads takes what the gateway itself measured.
func metricLoads(t *traffic.Summary, c *Report) {
	all := unitsPerInstance * float64(c.Instances[1])
	for _, m := range []struct {
		name, unit string
		limit      float64 // 0: Azure publishes none
		generation string
	}{
		{"CapacityUnits", "capacity units", all, "v2"},
		{"ComputeUnits", "compute units", all, "v2"},
		{"CurrentConnections", "connections", ConnectionsPerUnit * all, "v2"},
		{"Throughput", "bytes a second", bitsPerUnit / 8 * all, "v2"},
		{"CpuUtilization", "% of the processors", 90, "v1"},
		{"Throughput", "bytes a second", bitLimit(t, c) / 8, "v1"},
		{"CurrentConnections", "connections", 0, "v1"},
	} {
		if m.generation != c.Generation {
			continue
		}
		series := t.Metric(m.name)
		if series == nil || len(series.Points) == 0 {
			continue
		}
		l := loadOf(series, m.name, m.unit, m.limit)
		c.Loads = append(c.Loads, l)
		first, last := series.Points[0].At, series.Points[len(series.Points)-1].At
		c.cover(first, last)
	}
	if len(c.Loads) == 0 {
		what, how := "metrics CapacityUnits, ComputeUnits, CurrentConnections, Throughput",
			"CapacityUnits ComputeUnits CurrentConnections Throughput"
		if c.Generation == "v1" {
			what, how = "metrics CpuUtilization, Throughput, CurrentConnections", "CpuUtilization Throughput CurrentConnections"
		}
		c.Missing = append(c.Missing, report.Missing{
			What: what,
			Why:  "only the gateway itself knows how busy it is, and a month of it how busy it gets",
			How: "az monitor metrics list --resource " + units.Or(t.ResourceID(), "GATEWAY_ID") + " --metrics " + how +
				" --interval PT1M --offset 30d -o json > metrics.json",
		})
	}
}

func loadOf(m *evidence.Metric, measure, unit string, limit float64) Load {
	l := Load{Measure: measure, Source: "metrics", Unit: unit, Limit: limit}
	var values []float64
	for _, p := range m.Points {
		v := p.Value()
		if math.IsNaN(v) {
			continue
		}
		if values = append(values, v); v > l.Peak || l.At == "" {
			l.Peak, l.At = v, units.Stamp(p.At)
		}
	}
	slices.Sort(values)
	l.High = stats.Quantile(values, 0.95)
	return l
}

func (c *Report) cover(first, last time.Time) {
	if days := last.Sub(first).Hours() / 24; days > c.Days {
		c.Days, c.Window = math.Round(days*100)/100, report.Window{From: units.Stamp(first), To: units.Stamp(last)}
	}
}

// logLoads reads throughput and arrivals by the minute from the access log.
func logLoads(t *traffic.Summary, c *Report) {
	if t.Requests == 0 {
		return
	}
	type sums struct {
		sent              int64
		requests, clients int
	}
	byMinute := map[time.Time]*sums{}
	for _, i := range t.Line.List() {
		at := i.At.Truncate(max(time.Minute, t.Line.Width))
		s := byMinute[at]
		if s == nil {
			s = &sums{}
			byMinute[at] = s
		}
		s.sent, s.requests, s.clients = s.sent+i.Sent, s.requests+i.Requests, s.clients+i.Clients
	}
	per := max(time.Minute, t.Line.Width).Seconds()
	if length := t.To.Sub(t.From).Seconds(); length > 0 && length < per { // all of it, and not a part of a minute
		per = max(1, length)
		whole := &sums{}
		for _, s := range byMinute {
			whole.sent, whole.requests, whole.clients = whole.sent+s.sent, whole.requests+s.requests, whole.clients+s.clients
		}
		byMinute = map[time.Time]*sums{t.From: whole}
	}
	bits := Load{Measure: "answers sent", Source: "access-log", Unit: "bits a second", Limit: bitLimit(t, c)}
	rate := Load{Measure: "requests", Source: "access-log", Unit: "requests a second"}
	var allBits, allRates []float64
	for at, s := range byMinute {
		b, r := 8*float64(s.sent)/per, float64(s.requests)/per
		allBits, allRates = append(allBits, b), append(allRates, r)
		bits.take(b, at)
		rate.take(r, at)
	}
	slices.Sort(allBits)
	slices.Sort(allRates)
	bits.High, rate.High = stats.Quantile(allBits, 0.95), stats.Quantile(allRates, 0.95)
	c.Loads = append(c.Loads, bits, rate)
	if c.Days == 0 {
		c.cover(t.From, t.To)
	}
}

func (l *Load) take(v float64, at time.Time) {
	if t := units.Stamp(at); v > l.Peak || v == l.Peak && (l.At == "" || t < l.At) {
		l.Peak, l.At = v, t
	}
}

// bitLimit is the throughput that the gateway may give. A first-generation instance gives more the larger the pages are;
// between the two published sizes it is read off a straight line.
func bitLimit(t *traffic.Summary, c *Report) float64 {
	if c.Generation != "v1" {
		return bitsPerUnit * unitsPerInstance * float64(c.Instances[1])
	}
	row, ok := sizeTable[sizeOf(c.Size)]
	if !ok {
		return 0
	}
	sent := int64(0)
	for _, i := range t.Line.List() {
		sent += i.Sent
	}
	page := float64(sent) / float64(max(1, t.Requests))
	part := min(1, max(0, (page-6e3)/(100e3-6e3)))
	return (row[0] + part*(row[1]-row[0])) * float64(c.Instances[1])
}

// sizeOf is small, medium or large, of a first-generation SKU.
func sizeOf(sku string) string {
	_, size, _ := strings.Cut(strings.ToLower(sku), "_")
	return size
}

// judgeCapacity says how much is left and what to set.
func judgeCapacity(t *traffic.Summary, c *Report) {
	worst := Load{}
	for _, l := range c.Loads {
		if l.Limit > 0 && (worst.Limit == 0 || l.Peak/l.Limit > worst.Peak/worst.Limit) {
			worst = l
		}
	}
	c.Limits = limitsOf(c.Generation)
	if worst.Limit == 0 && len(c.Loads) > 0 {
		c.Judgement = "cannot tell how much is left: how many instances there are, or may be, is not among the evidence"
		return
	}
	if worst.Limit == 0 {
		c.Judgement = "cannot tell: nothing among the evidence measures the load"
		return
	}
	c.Headroom = math.Round((1-worst.Peak/worst.Limit)*1000) / 1000
	used := worst.Peak / worst.Limit
	text := fmt.Sprintf("%s: at most %s of %s (%.0f %%), at %s", worst.Measure, units.Figure(worst.Peak), units.Figure(worst.Limit)+" "+
		worst.Unit, 100*used, worst.At)
	if strings.HasPrefix(worst.Unit, "%") {
		text = fmt.Sprintf("%s: %s %s at most, at %s; beyond %s %% there is nothing left for what comes at once", worst.Measure,
			units.Figure(worst.Peak), worst.Unit, worst.At, units.Figure(worst.Limit))
	}
	switch {
	case used > 0.9:
		c.Judgement = "too small: " + text
	case used > tight:
		c.Judgement = "tight: " + text
	default:
		c.Judgement = "enough: " + text
	}
	switch {
	case c.Instances[1] == 0: // advice is a number of instances, and builds on the one there is
	case c.Generation == "v1":
		c.adviseV1(used, t)
	default:
		c.adviseV2(used, t)
	}
	if c.Days < enoughDays {
		c.Assumed = append(c.Assumed,
			fmt.Sprintf("this is %s of evidence; how many instances to keep takes a month to judge, and %d days at the least: take the advice as a lower bound", c.length(), enoughDays))
	}
}

// readable is the load in the unit that people use for it.
func (l Load) readable() Load {
	if unit := map[string]string{"bits a second": "Mbit/s", "bytes a second": "MB/s"}[l.Unit]; unit != "" {
		l.Peak, l.High, l.Limit, l.Unit = l.Peak/1e6, l.High/1e6, l.Limit/1e6, unit
	}
	return l
}

// length is how much time the evidence covers.
func (c *Report) length() string {
	switch {
	case c.Days >= 1:
		return inWords(c.Days, "day")
	case c.Days > 0:
		return inWords(24*c.Days, "hour")
	}
	from, err1 := time.Parse(time.RFC3339Nano, c.Window.From)
	to, err2 := time.Parse(time.RFC3339Nano, c.Window.To)
	if minutes := to.Sub(from).Minutes(); err1 == nil && err2 == nil && minutes >= 1 {
		return inWords(minutes, "minute")
	}
	return "a moment"
}

// inWords is a number of units of time.
func inWords(n float64, unit string) string {
	if text := units.Decimal(n, 1); text != "1" {
		return text + " " + unit + "s"
	}
	return "1 " + unit
}

func limitsOf(generation string) [][]string {
	if generation == "v1" {
		return [][]string{
			{"Mbit/s of an instance", "for pages of 6 KB and of 100 KB"},
			{"Small", "7.5 and 35"},
			{"Medium", "13 and 100"},
			{"Large", "50 and 200"},
			{"instances", "32 at most, 2 at least for availability"},
		}
	}
	return [][]string{
		{"one capacity unit", "the largest of"},
		{"compute", "1 compute unit: about 50 new TLS connections a second (RSA 2048), or 10 requests a second with WAF"},
		{
			"connections",
			"2500",
		},
		{"throughput", "2.22 Mbit/s"},
		{"one instance", "10 capacity units or more"},
		{"instances", "125 at most"},
	}
}

// instances is how many there may be, in words.
func (c *Report) instances() string {
	switch {
	case c.Instances[1] == 0:
		return "number of instances not known"
	case c.Instances[0] != c.Instances[1]:
		return fmt.Sprintf("%d to %d instances", c.Instances[0], c.Instances[1])
	}
	return units.Count(c.Instances[0], "instance", "instances")
}

// Text writes the report.
func (c *Report) Text(w io.Writer, width int) error {
	p := &report.Printer{W: w, Width: max(width, 60)}
	p.Wrapped("", c.Judgement)
	text := fmt.Sprintf("generation %s, %s, %s; %s of evidence", c.Generation, units.Or(c.Size, "size not known"), c.instances(),
		c.length())
	if c.SelfHosted {
		text = c.length() + " of evidence of a gateway that runs on Causeway"
	}
	if c.Window.From != "" {
		text += ", " + c.Window.From + " to " + c.Window.To
	}
	p.Wrapped("", text)
	if len(c.Loads) > 0 {
		p.Line("")
		p.Line(fmt.Sprintf("%-20s %-11s %14s %14s %14s  %s", "load", "from", "peak", "95 of 100", "limit", "unit"))
	}
	for _, l := range c.Loads {
		l = l.readable()
		limit := "-"
		if l.Limit > 0 {
			limit = units.Figure(l.Limit)
		}
		p.Line(fmt.Sprintf("%-20s %-11s %14s %14s %14s  %s", l.Measure, l.Source, units.Figure(l.Peak), units.Figure(l.High),
			limit, l.Unit))
	}
	for _, a := range c.Advice {
		p.Line("")
		p.Wrapped("Set: ", a.Change+": "+a.Because)
		for _, l := range a.Commands.Lines() {
			p.Line("  " + l.Tool + ": " + l.Command)
		}
	}
	p.Assumptions(c.Assumed)
	p.Missing(c.Missing)
	if len(c.Limits) == 0 {
		return p.Err
	}
	p.Line("")
	p.Line(units.Or(c.limitsTitle(), "Limits, as Azure publishes them:"))
	for _, row := range c.Limits {
		p.Line("  " + strings.Join(row, ": "))
	}
	return p.Err
}

// limitsTitle heads the limits of a machine; it is empty for a gateway on Azure.
func (c *Report) limitsTitle() string {
	if c.SelfHosted {
		return "What the gateway has to work with:"
	}
	return ""
}

// MissingDocument is the gateway document as missing evidence, with the command that exports it.
func MissingDocument(t *traffic.Summary, h report.Host, why string) report.Missing {
	name, group := t.NameAndGroup()
	return report.Missing{
		What: "gateway document",
		Why:  why,
		How: h.Ask("causeway config show > gateway.json",
			fmt.Sprintf("az network application-gateway show -g %s -n %s > gateway.json", group, name)),
	}
}
