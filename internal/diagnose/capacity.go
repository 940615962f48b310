package diagnose

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/evidence"
	"causeway/internal/gateway"
)

// CapacitySchema is the version of the capacity report.
const CapacitySchema = "causeway.capacity/v1"

// CapacityReport holds the load that was seen against what the gateway may give.
type CapacityReport struct {
	Schema     string     `json:"schema"`
	Generation string     `json:"generation"` // v1, v2
	Size       string     `json:"size"`       // name of the SKU
	Instances  [2]int     `json:"instances"`  // least and most, by the document
	Window     Window     `json:"window"`
	Days       float64    `json:"days"` // of metrics, or else of logs
	Loads      []Load     `json:"loads"`
	Headroom   float64    `json:"headroom"` // part of the capacity that the busiest moment left free; negative: none; -1 with no loads
	Judgement  string     `json:"judgement"`
	Advice     []Advice   `json:"advice"`
	Assumed    []string   `json:"assumed"`
	Missing    []Missing  `json:"missing"`
	Limits     [][]string `json:"limits"` // the figures it is held against

	Machine    *evidence.Machine `json:"machine,omitempty"` // that a gateway of Causeway's runs on, where it was asked
	selfHosted bool              // it is one of Causeway's

	need        int    // instances that the load needs, of a gateway with so many; 0: not known
	least, most int    // between which it should scale; 0: not known
	larger      string // SKU of the next size, where instances of this one are not enough
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
	Change   string   `json:"change"`
	Because  string   `json:"because"`
	Commands Commands `json:"commands"`
}

// Figures that Azure publishes of a second-generation gateway.
const (
	unitsPerInstance   = 10.0
	connectionsPerUnit = 2500.0
	bitsPerUnit        = 2.22e6 // a second
	mostInstances      = 125
	mostInstancesV1    = 32
	enoughDays         = 7 // for advice on how many instances to keep
)

// sizeTable is the throughput of one first-generation instance with TLS, in bits a second, for pages of about 6 KB and of
// about 100 KB, as Azure publishes it.
var sizeTable = map[string][2]float64{
	"small": {7.5e6, 35e6}, "medium": {13e6, 100e6}, "large": {50e6, 200e6},
}

// Capacity reads what the gateway bore, and says what it has left.
func Capacity(b *evidence.Bundle) (*CapacityReport, error) {
	t, err := tallied(b, Options{})
	if err != nil {
		return nil, err
	}
	if t.selfHosted(b) {
		return t.machineCapacity(b.Machine), nil
	}
	return t.capacity(), nil
}

// capacity is what the load comes to.
func (t *tally) capacity() *CapacityReport {
	c := &CapacityReport{Schema: CapacitySchema, Loads: []Load{}, Advice: []Advice{}, Assumed: []string{}, Missing: []Missing{}, Headroom: -1}
	t.frame(c)
	t.metricLoads(c)
	t.logLoads(c)
	t.judgeCapacity(c)
	return c
}

// frame says what gateway it is.
func (t *tally) frame(c *CapacityReport) {
	c.Generation, c.Instances = "v2", [2]int{1, 1}
	if t.config == nil {
		c.Missing = append(c.Missing, t.missingDocument("without it neither the size nor the number of instances is known"))
		if t.v1 > 0 && 2*t.v1 > t.requests || t.metric("CpuUtilization") != nil {
			c.Generation = "v1"
		}
		c.Instances = [2]int{len(t.instances), len(t.instances)}
		assumed := "the gateway is of generation " + c.Generation
		if n := len(t.instances); n > 0 {
			assumed += " with as many instances as write into the log, " + strconv.Itoa(n)
		}
		c.Assumed = append(c.Assumed, assumed)
		return
	}
	c.Size = t.config.SKU.Name
	if t.config.V1() {
		c.Generation = "v1"
	}
	c.Instances = [2]int{max(1, t.config.SKU.Capacity), max(1, t.config.SKU.Capacity)}
	if a := t.config.Autoscale; a != nil {
		c.Instances = [2]int{a.Min, max(a.Max, a.Min)}
		if a.Max == 0 {
			c.Instances[1] = mostInstances
		}
	}
}

// metricLoads takes what the gateway itself measured.
func (t *tally) metricLoads(c *CapacityReport) {
	all := unitsPerInstance * float64(c.Instances[1])
	for _, m := range []struct {
		name, unit string
		limit      float64 // 0: Azure publishes none
		generation string
	}{
		{"CapacityUnits", "capacity units", all, "v2"},
		{"ComputeUnits", "compute units", all, "v2"},
		{"CurrentConnections", "connections", connectionsPerUnit * all, "v2"},
		{"Throughput", "bytes a second", bitsPerUnit / 8 * all, "v2"},
		{"CpuUtilization", "% of the processors", 90, "v1"},
		{"Throughput", "bytes a second", t.bitLimit(c) / 8, "v1"},
		{"CurrentConnections", "connections", 0, "v1"},
	} {
		if m.generation != c.Generation {
			continue
		}
		series := t.metric(m.name)
		if series == nil || len(series.Points) == 0 {
			continue
		}
		l := loadOf(series, m.name, m.unit, m.limit)
		c.Loads = append(c.Loads, l)
		first, last := series.Points[0].At, series.Points[len(series.Points)-1].At
		c.cover(first, last)
	}
	if len(c.Loads) == 0 {
		what, how := "metrics CapacityUnits, ComputeUnits, CurrentConnections, Throughput", "CapacityUnits ComputeUnits CurrentConnections Throughput"
		if c.Generation == "v1" {
			what, how = "metrics CpuUtilization, Throughput, CurrentConnections", "CpuUtilization Throughput CurrentConnections"
		}
		c.Missing = append(c.Missing, Missing{What: what, Why: "only the gateway itself knows how busy it is, and a month of it how busy it gets", How: "az monitor metrics list --resource " + orWord(t.resourceID(), "GATEWAY_ID") + " --metrics " + how + " --interval PT1M --offset 30d -o json > metrics.json"})
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
			l.Peak, l.At = v, stamp(p.At)
		}
	}
	slices.Sort(values)
	l.High = quantile(values, 0.95)
	return l
}

func (c *CapacityReport) cover(first, last time.Time) {
	if days := last.Sub(first).Hours() / 24; days > c.Days {
		c.Days, c.Window = math.Round(days*100)/100, Window{From: stamp(first), To: stamp(last)}
	}
}

// logLoads takes what the access log tells of throughput and arrivals, by the minute.
func (t *tally) logLoads(c *CapacityReport) {
	if t.requests == 0 {
		return
	}
	type sums struct {
		sent              int64
		requests, clients int
	}
	byMinute := map[time.Time]*sums{}
	for _, i := range t.line.list() {
		at := i.at.Truncate(max(time.Minute, t.line.width))
		s := byMinute[at]
		if s == nil {
			s = &sums{}
			byMinute[at] = s
		}
		s.sent, s.requests, s.clients = s.sent+i.sent, s.requests+i.requests, s.clients+i.clients
	}
	per := max(time.Minute, t.line.width).Seconds()
	bits := Load{Measure: "answers sent", Source: "access-log", Unit: "bits a second", Limit: t.bitLimit(c)}
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
	bits.High, rate.High = quantile(allBits, 0.95), quantile(allRates, 0.95)
	c.Loads = append(c.Loads, bits, rate)
	if c.Days == 0 {
		c.cover(t.from, t.to)
	}
}

func (l *Load) take(v float64, at time.Time) {
	if t := stamp(at); v > l.Peak || v == l.Peak && (l.At == "" || t < l.At) {
		l.Peak, l.At = v, t
	}
}

// bitLimit is the throughput that the gateway may give. A first-generation instance gives more the larger the pages are;
// between the two published sizes it is read off a straight line.
func (t *tally) bitLimit(c *CapacityReport) float64 {
	if c.Generation != "v1" {
		return bitsPerUnit * unitsPerInstance * float64(c.Instances[1])
	}
	row, ok := sizeTable[sizeOf(c.Size)]
	if !ok {
		return 0
	}
	sent := int64(0)
	for _, i := range t.line.list() {
		sent += i.sent
	}
	page := float64(sent) / float64(max(1, t.requests))
	part := min(1, max(0, (page-6e3)/(100e3-6e3)))
	return (row[0] + part*(row[1]-row[0])) * float64(c.Instances[1])
}

// sizeOf is small, medium or large, of a first-generation SKU.
func sizeOf(sku string) string {
	_, size, _ := strings.Cut(strings.ToLower(sku), "_")
	return size
}

// judgeCapacity says how much is left and what to set.
func (t *tally) judgeCapacity(c *CapacityReport) {
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
	text := fmt.Sprintf("%s: at most %s of %s (%.0f %%), at %s", worst.Measure, figure(worst.Peak), figure(worst.Limit)+" "+worst.Unit, 100*used, worst.At)
	if strings.HasPrefix(worst.Unit, "%") {
		text = fmt.Sprintf("%s: %s %s at most, at %s; beyond %s %% there is nothing left for what comes at once", worst.Measure, figure(worst.Peak), worst.Unit, worst.At, figure(worst.Limit))
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
		c.Assumed = append(c.Assumed, fmt.Sprintf("this is %s of evidence; how many instances to keep is judged by a month, and not by less than %d days: take the advice as a lower bound", c.length(), enoughDays))
	}
}

// figure writes a large number as people say it.
func figure(v float64) string {
	switch {
	case v >= 1e6:
		return trimmed(v/1e6, 1) + " million"
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v < 1:
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	return trimmed(v, 1)
}

// readable is the load in the unit that people use for it.
func (l Load) readable() Load {
	if unit := map[string]string{"bits a second": "Mbit/s", "bytes a second": "MB/s"}[l.Unit]; unit != "" {
		l.Peak, l.High, l.Limit, l.Unit = l.Peak/1e6, l.High/1e6, l.Limit/1e6, unit
	}
	return l
}

// length is how much time the evidence covers.
func (c *CapacityReport) length() string {
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
	if text := trimmed(n, 1); text != "1" {
		return text + " " + unit + "s"
	}
	return "1 " + unit
}

func nameAndGroup(c *gateway.Config) (name, group string) {
	name, group = "GATEWAY", "GROUP"
	if c != nil {
		if c.Name != "" {
			name = c.Name
		}
		if g := partAfter(c.ID, "resourceGroups"); g != "" {
			group = g
		}
	}
	return name, group
}

// nameAndGroup are those of the document; without one, those of the resource id that other evidence carries.
func (t *tally) nameAndGroup() (name, group string) {
	if t.config != nil {
		return nameAndGroup(t.config)
	}
	id := t.resourceID()
	return nameAndGroup(&gateway.Config{ID: id, Name: partAfter(id, "applicationGateways")})
}

func limitsOf(generation string) [][]string {
	if generation == "v1" {
		return [][]string{{"Mbit/s of an instance", "for pages of 6 KB and of 100 KB"}, {"Small", "7.5 and 35"}, {"Medium", "13 and 100"}, {"Large", "50 and 200"}, {"instances", "32 at most, 2 at least for availability"}}
	}
	return [][]string{{"one capacity unit", "the largest of"}, {"compute", "1 compute unit: about 50 new TLS connections a second (RSA 2048), or 10 requests a second with WAF"}, {"connections", "2500"}, {"throughput", "2.22 Mbit/s"}, {"one instance", "10 capacity units or more"}, {"instances", "125 at most"}}
}

// instances is how many there may be, in words.
func (c *CapacityReport) instances() string {
	switch {
	case c.Instances[1] == 0:
		return "number of instances not known"
	case c.Instances[0] != c.Instances[1]:
		return fmt.Sprintf("%d to %d instances", c.Instances[0], c.Instances[1])
	}
	return count(c.Instances[0], "instance", "instances")
}

// Text writes the report.
func (c *CapacityReport) Text(w io.Writer, width int) error {
	p := &printer{w: w, width: max(width, 60)}
	p.wrapped("", c.Judgement)
	text := fmt.Sprintf("generation %s, %s, %s; %s of evidence", c.Generation, orWord(c.Size, "size not known"), c.instances(), c.length())
	if c.selfHosted {
		text = c.length() + " of evidence of a gateway that runs on Causeway"
	}
	if c.Window.From != "" {
		text += ", " + c.Window.From + " to " + c.Window.To
	}
	p.wrapped("", text)
	if len(c.Loads) > 0 {
		p.line("")
		p.line(fmt.Sprintf("%-20s %-11s %14s %14s %14s  %s", "load", "from", "peak", "95 of 100", "limit", "unit"))
	}
	for _, l := range c.Loads {
		l = l.readable()
		limit := "-"
		if l.Limit > 0 {
			limit = figure(l.Limit)
		}
		p.line(fmt.Sprintf("%-20s %-11s %14s %14s %14s  %s", l.Measure, l.Source, figure(l.Peak), figure(l.High), limit, l.Unit))
	}
	for _, a := range c.Advice {
		p.line("")
		p.wrapped("Set: ", a.Change+": "+a.Because)
		for _, x := range [][2]string{{"az", a.Commands.AzCLI}, {"powershell", a.Commands.PowerShell}, {"portal", a.Commands.Portal}, {"causeway", a.Commands.Causeway}} {
			if x[1] != "" {
				p.line("  " + x[0] + ": " + x[1])
			}
		}
	}
	p.assumptions(c.Assumed)
	p.missing(c.Missing)
	if len(c.Limits) == 0 {
		return p.err
	}
	p.line("")
	p.line(orWord(c.limitsTitle(), "Figures it is held against, as Azure publishes them:"))
	for _, row := range c.Limits {
		p.line("  " + strings.Join(row, ": "))
	}
	return p.err
}

// limitsTitle stands over what a machine has; it is empty for a gateway on Azure.
func (c *CapacityReport) limitsTitle() string {
	if c.selfHosted {
		return "What the gateway has to work with:"
	}
	return ""
}
