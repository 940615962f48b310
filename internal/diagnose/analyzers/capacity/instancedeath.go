package capacity

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// InstanceDeath recognises h-instance-fault by the activity log: an instance of the gateway died.
var InstanceDeath = inference.Analyzer{
	Name: "h-instance-fault", Requires: inference.Activity,
	Doc: "Causeway's activity log has deaths of an instance that cost requests, may have cost some lately, or go on; failures of that instance about then, which the other instances do not have, are theirs",
	Run: instanceDeath,
}

const (
	dying    = 10 * time.Second // before its death, an instance may fail already: its memory runs out
	starting = 10 * time.Second // after it serves again, a new process may fail what the old one would not: it knows nothing yet
	maxTexts = 3                // deaths that a finding describes one by one
	often    = 3                // deaths, or bouts of them, that make an instance faulty, whatever they cost
	lately   = time.Hour        // before the end of the evidence: a death that may have cost requests still explains complaints
)

// instanceDeath: the supervisor has written down that an instance died. Most of what clients met then is in no record.
func instanceDeath(c *inference.Case) {
	for _, d := range c.Deaths() {
		events := failedAround(c, &d)
		scope := report.Scope{Instance: d.Instance}
		var f *inference.Finding
		switch {
		case len(events) == 0 && !matters(c, &d):
			continue // a notice lists it
		case len(events) == 0:
			f = c.Note("h-instance-fault", nil, scope, report.High)
		default:
			f = c.Claim("h-instance-fault", events, scope, inference.ConfidenceOf(len(events) >= stats.MinEvents))
			f.AddEvidence("access-log", fmt.Sprintf("%s on instance %s from %s before it died to %s after it served again; %s",
				units.Count(len(events), "request failed", "requests failed"), d.Instance, units.Seconds(dying), units.Seconds(starting),
				elsewhere(c)), events...)
			f.AddRivals("b-node-local")
		}
		tellDeaths(f, &d)
		f.Fixes = slices.DeleteFunc(f.Fixes, func(x report.Fix) bool { return x.Commands.Causeway == "" })
		f.SetExpected("gateway", 0, len(events), "bounded", "the instance serves as long as it does not die")
		c.Expand(map[string]string{"instance": d.Instance}, f)
	}
}

func elsewhere(c *inference.Case) string {
	if len(c.Traffic.Instances) > 1 {
		return "the other instances hardly failed meanwhile"
	}
	return "the gateway itself ended them"
}

// matters reports whether deaths to which no failure in the records belongs are a finding all the same: nothing took the instance's place,
// they come again and again, or they may lately have cost requests that are in no record. One that is over and cost nothing is none.
func matters(c *inference.Case, d *inference.Deaths) bool {
	if len(d.Each) == 0 {
		return true // a crash loop whose deaths lie before the traffic
	}
	_, end := c.RecordedTime()
	bouts, open := 0, false
	for i := range d.Each {
		x := &d.Each[i]
		if !x.Draining && x.Back.IsZero() {
			return true
		}
		if i == 0 || x.At.Sub(d.Each[i-1].At) > lately {
			bouts++
		}
		open = open || x.Connections != 0 && end.Sub(x.At) <= lately
	}
	late := end.Sub(d.Each[len(d.Each)-1].At) <= lately
	return open || bouts >= often || late && (d.Loop != nil || len(d.Each) >= often)
}

// DeathNotices lists the instances that died without a finding that tells it: their deaths are over, and no record shows that they cost
// a request.
func DeathNotices(c *inference.Case) (out []report.Notice) {
	for _, d := range c.Deaths() {
		if len(d.Each) > 0 && !Faulty(c, d.Instance) {
			out = append(out, report.Notice{
				Cause: "h-instance-fault", Scope: report.Scope{Instance: d.Instance},
				Fact: strings.Join(deathFacts(&d), "; ") + "; no failed request in the records belongs to it",
				Do:   "if nobody killed it, find out why it died: the gateway's own log has its last lines",
			})
		}
	}
	return out
}

// Faulty reports whether a finding tells of the deaths of an instance.
func Faulty(c *inference.Case, instance string) bool {
	return slices.ContainsFunc(c.Findings, func(f *inference.Finding) bool {
		return f.Cause == "h-instance-fault" && f.Scope.Instance == instance &&
			slices.ContainsFunc(f.Evidence, func(e report.Evidence) bool { return e.Source == "activity-log" })
	})
}

// tellDeaths writes down the deaths, the crash loop, and what no record can show.
func tellDeaths(f *inference.Finding, d *inference.Deaths) {
	for _, fact := range deathFacts(d) {
		f.AddEvidence("activity-log", fact)
	}
}

func deathFacts(d *inference.Deaths) (facts []string) {
	var texts []string
	open := 0
	for i := range d.Each {
		x := &d.Each[i]
		if i < maxTexts {
			texts = append(texts, x.Text())
		}
		open += max(0, x.Connections)
	}
	if n := len(d.Each) - len(texts); n > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", n))
	}
	if len(texts) > 0 {
		facts = append(facts, fmt.Sprintf("instance %s died %s: %s", d.Instance, units.Count(len(d.Each), "time", "times"),
			strings.Join(texts, "; ")))
	}
	if d.Loop != nil {
		facts = append(facts, fmt.Sprintf("it is a crash loop: after %s the supervisor waited %s before the next start",
			units.Count(d.Loop.Restarts, "restart", "restarts"), units.Seconds(d.Loop.Backoff)))
	}
	if open > 0 {
		facts = append(facts, fmt.Sprintf("%s open on it at its last sign of life; the requests in progress on them "+
			"are in no record, and records of its last second may be missing", units.Count(open, "connection was", "connections were")))
	}
	return facts
}

// failedAround are the failures that the deaths of an instance explain: more than it has at other times, and not at the others.
func failedAround(c *inference.Case, d *inference.Deaths) []*traffic.Event {
	all := c.Unclaimed(inference.GatewayMade)
	mine := traffic.Filter(all, func(e *traffic.Event) bool { return e.Instance == d.Instance })
	inside := d.Within(mine, dying, starting)
	if len(c.Traffic.Instances) < 2 { // nothing to compare with: only what the gateway did itself
		inside = traffic.Filter(inside, func(e *traffic.Event) bool { return e.Own && e.Fault.Side == fault.Gateway })
	}
	others := len(d.Within(all, dying, starting)) - len(d.Within(mine, dying, starting))
	if len(inside) < 2 || 5*others > len(inside) || !moreThanUsual(c, d, len(inside), len(mine)) {
		return nil
	}
	members, _ := traffic.GroupBy(inside, func(e *traffic.Event) string { return e.Member })
	tried := slices.ContainsFunc(inside, func(e *traffic.Event) bool { return e.Tried })
	if tried && len(members) < 2 && len(c.Traffic.Members) > 1 { // it may be that member
		return nil
	}
	return inside
}

// moreThanUsual reports whether an instance failed more than three times as often around its deaths as otherwise.
func moreThanUsual(c *inference.Case, d *inference.Deaths, inside, all int) bool {
	around := time.Duration(0)
	for _, p := range d.Periods(dying, starting) {
		around += p.To.Sub(p.From)
	}
	rest := c.Traffic.To.Sub(c.Traffic.From) - around
	return rest <= 0 || float64(inside)*rest.Seconds() > 3*float64(all-inside)*around.Seconds()
}
