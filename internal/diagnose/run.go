// Package diagnose finds the causes of failed requests: evidence → traffic → analyzers → report. It knows nothing of where
// evidence comes from, and it claims nothing that the evidence does not carry: what cannot be separated stays
// undetermined, with its rivals and the next step.
package diagnose

import (
	"cmp"
	"fmt"
	"slices"

	"causeway/internal/diagnose/analyzers/capacity"
	"causeway/internal/diagnose/analyzers/probes"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/pictures"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/sizing"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// Run diagnoses.
func Run(b *evidence.Bundle, o traffic.Options) (*report.Report, error) {
	t, err := traffic.Summarise(b, o)
	if err != nil {
		return nil, err
	}
	return Conclude(inference.NewCase(t), b), nil
}

// Conclude runs all analyzers and reports.
func Conclude(c *inference.Case, b *evidence.Bundle) *report.Report {
	consider(c)
	for _, left := range leftovers {
		left(c)
	}
	probes.HealthNow(c)
	capacity.DoubtTimes(c)
	doubtHealth(c)
	nameLoops(c, b.Machine)
	return assemble(c, b)
}

func assemble(c *inference.Case, b *evidence.Bundle) *report.Report {
	r := &report.Report{
		Schema:    report.Schema,
		Requests:  c.Traffic.Requests,
		Sessions:  c.Traffic.Sessions,
		Failures:  c.Traffic.Failures,
		Recovered: c.Traffic.Recovers + c.Traffic.Ejected.Steered,
		Steered:   c.Traffic.Ejected.Steered,
		Findings:  reported(c),
		Missing:   missing(c, b),
		Unlogged:  unlogged(c),
	}
	r.Gateway, r.Group = c.Traffic.NameAndGroup()
	r.Ambiguous = len(traffic.Filter(c.Traffic.Events, func(e *traffic.Event) bool { return e.Ambiguous && e.Fault.Kind != fault.Status }))
	if !c.Traffic.From.IsZero() {
		r.Window = report.Window{From: units.Stamp(c.Traffic.From), To: units.Stamp(c.Traffic.To)}
	}
	r.Undetermined = undetermined(c)
	wholeLevels(c, r)
	if c.Traffic.Names.Given > 0 {
		c.Assume(fmt.Sprintf("%d records name no pool and no backend settings: they count under the only ones of the document to which they can belong", c.Traffic.Names.Given))
	}
	r.WhatIf = whatIf(c)
	say(&c.Traffic.Excluded, c)
	scale(c, r)
	r.Assumptions = append([]string{}, append(b.Notes, c.Assumptions...)...)
	for i := range r.Findings {
		r.Findings[i].Share = share(&r.Findings[i], r)
	}
	order := inOrder(r)
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Usual = order(f) > 0 || alwaysThere(f.Cause, f.Failures) && f.Failures < stats.MinEvents
	}
	slices.SortStableFunc(r.Findings, func(a, b report.Finding) int {
		return cmp.Or(order(&a)-order(&b), cmp.Compare(b.Failures, a.Failures), cmp.Compare(b.Recovered, a.Recovered),
			cmp.Compare(a.Cause, b.Cause))
	})
	r.Verdict, r.Cause = verdict(r)
	r.Steps = steps(c, r)
	withHung(r.Steps, b)
	placeSteps(r)
	r.Read = reading(c, b)
	r.Notices = append(hungNotices(b), notices(c)...)
	r.Pictures = pictures.Draw(c)
	r.MetricsSummary = metered(c)
	commandsOf(r, sizing.HostOf(c.Traffic, b.Machine))
	r.Summary = r.Headline()
	return r
}

// commandsOf leaves the commands that the gateway's host has. Those for members and clients stay: they may be anywhere.
func commandsOf(r *report.Report, h report.Host) {
	r.Host = h
	for i := range r.Findings {
		for j := range r.Findings[i].Fixes {
			if x := &r.Findings[i].Fixes[j]; x.Side == "gateway" {
				x.Commands = x.Commands.Of(h)
				if h == report.OnAzure {
					x.Set = nil
				}
			}
		}
	}
}

// reported are the findings as the report has them, each with the times at which its failures lie.
func reported(c *inference.Case) []report.Finding {
	out := make([]report.Finding, 0, len(c.Findings))
	for _, f := range c.Findings {
		f.When = when(c, f.Events)
		if f.Contributing == 0 {
			f.Where, f.FailureKind = levelsOf(c, f.Cause, f.Confidence, f.Events)
		}
		rivalsOf(c, f)
		out = append(out, f.Finding)
	}
	return out
}

// reading says how the reading of the evidence went.
func reading(c *inference.Case, b *evidence.Bundle) report.Read {
	out := report.Read{
		Repeated: b.Repeated,
		BadLines: b.Bad,
		Misdated: b.Misdated,
		Unread:   []string{},
		Sampled:  1 << c.Traffic.Sample.Shift,
	}
	if c.Traffic.Excluded.Outside > 0 {
		out.OutsideWindow = report.Excluded{
			Requests: c.Traffic.Excluded.Outside,
			From:     units.Stamp(c.Traffic.Excluded.From),
			To:       units.Stamp(c.Traffic.Excluded.To),
		}
	}
	if len(c.Traffic.Excluded.Others) > 0 {
		out.OtherGateways = c.Traffic.Excluded.Others
	}
	for _, u := range b.Unread {
		out.Unread = append(out.Unread, u.String())
	}
	return out
}

// share is a finding's part of what users saw; only where they saw nothing, of what retries hid.
func share(f *report.Finding, r *report.Report) float64 {
	part, whole := f.Failures, r.Failures
	if r.Failures == 0 {
		part, whole = f.Recovered, r.Recovered-r.Steered
	}
	if whole == 0 {
		return 0
	}
	return float64(part*10000/whole) / 10000
}
