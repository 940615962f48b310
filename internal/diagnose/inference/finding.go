package inference

import (
	"encoding/json"
	"slices"
	"strings"

	"causeway/internal/cause"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
)

// Finding is a cause at work, with the events behind it.
type Finding struct {
	report.Finding
	Events []*traffic.Event
}

func newFinding(id string, events []*traffic.Event, scope report.Scope, confidence string) *Finding {
	c := cause.Find(id)
	f := &Finding{Events: events, Finding: report.Finding{
		Cause: id, Title: c.Title, Scope: scope, Confidence: confidence,
		Mechanism: c.Mechanism, Evidence: []report.Evidence{}, RuledOut: []report.RuledOut{}, Rivals: []report.Rival{},
		Fixes: []report.Fix{}, DisprovedBy: c.Disproof,
	}}
	for _, fix := range c.Fixes {
		f.Fixes = append(f.Fixes, catalogued(fix, report.Expected{Removes: [2]int{0, len(events)}, Basis: "unknown"}))
	}
	return f
}

// catalogued is a fix as the catalogue has it.
func catalogued(fix cause.Fix, expected report.Expected) report.Fix {
	x := report.Fix{
		Side: fix.Side, Change: fix.Change, Expected: expected,
		Commands: report.Commands{AzCLI: fix.AzCLI, PowerShell: fix.PowerShell, Portal: fix.Portal, Causeway: fix.Causeway},
	}
	for _, s := range fix.Set {
		x.Set = append(x.Set, report.Setting{File: s.File, Path: s.Path, Value: json.RawMessage(s.Value)})
	}
	return x
}

// Generalise replaces advice for one member by the catalogue's: the finding is of several members now.
func (f *Finding) Generalise() {
	for i, fix := range cause.Find(f.Cause).Fixes {
		f.Fixes[i] = catalogued(fix, f.Fixes[i].Expected)
	}
}

// AddEvidence adds a fact from a source such as "access-log", with the first MaxRows transaction ids of the events behind it.
func (f *Finding) AddEvidence(source, fact string, events ...*traffic.Event) {
	f.Evidence = append(f.Evidence, report.Evidence{Source: source, Fact: fact, Rows: rows(events)})
}

// RuleOut names a cause that the evidence excludes, and why.
func (f *Finding) RuleOut(id, because string) {
	f.RuledOut = append(f.RuledOut, report.RuledOut{Cause: id, Because: because})
}

// AddRivals names the rivals of the catalogue that were not excluded.
func (f *Finding) AddRivals(ids ...string) {
	for _, id := range ids {
		if !f.HasRival(id) {
			f.Rivals = append(f.Rivals, report.Rival{Cause: id, Test: cause.ToSeparate(f.Cause, id)})
		}
	}
}

// HasRival reports whether the finding leaves a cause open already.
func (f *Finding) HasRival(id string) bool {
	return slices.ContainsFunc(f.Rivals, func(r report.Rival) bool { return r.Cause == id })
}

// AddOpenRivals names further causes that the finding leaves open, each with the test that separates it.
func (f *Finding) AddOpenRivals(ids ...string) {
	for _, id := range ids {
		if c := cause.Find(id); c != nil && id != f.Cause && !f.HasRival(id) {
			f.Rivals = append(f.Rivals, report.Rival{Cause: id, Test: c.Separate})
		}
	}
}

// SetExpected sets what the fixes of one side would have saved: low to high failures; basis is exact, bounded or unknown.
func (f *Finding) SetExpected(side string, low, high int, basis, note string) {
	for i := range f.Fixes {
		if f.Fixes[i].Side == side {
			f.Fixes[i].Expected = report.Expected{Removes: [2]int{low, high}, Basis: basis, Note: note}
		}
	}
}

// MaxRows is how many transaction ids a fact carries at most.
const MaxRows = 5

func rows(events []*traffic.Event) []string {
	var out []string
	for _, e := range events[:min(len(events), MaxRows)] {
		out = append(out, e.ID)
	}
	return out
}

// Expand puts the names of this gateway into the texts of every finding.
func (c *Case) Expand(values map[string]string, f *Finding) {
	values["gateway"], values["group"] = c.Traffic.NameAndGroup()
	values["pool"], values["settings"], values["member"] = f.Scope.Pool, f.Scope.Settings, f.Scope.Member
	c.fillProbe(values, f)
	c.ofGeneration(f)
	c.fillInstances(values, f)
	var pairs []string
	for k, v := range values {
		if v != "" {
			pairs = append(pairs, "{"+k+"}", v)
		}
	}
	known := strings.NewReplacer(pairs...)
	if values["member"] == "" {
		pairs = append(pairs, "{member}", "each of the members")
	}
	for _, k := range []string{
		"gateway", "group", "pool", "settings", "probe", "address", "port", "instances", "least", "most", "size",
		"tier",
	} {
		if values[k] == "" {
			pairs = append(pairs, "{"+k+"}", strings.ToUpper(k))
		}
	}
	r := strings.NewReplacer(pairs...)
	f.Mechanism, f.DisprovedBy = r.Replace(f.Mechanism), r.Replace(f.DisprovedBy)
	for i := range f.Fixes {
		x := &f.Fixes[i]
		x.Change = r.Replace(x.Change)
		x.Commands = report.Commands{
			AzCLI:      r.Replace(x.Commands.AzCLI),
			PowerShell: r.Replace(x.Commands.PowerShell),
			Portal:     r.Replace(x.Commands.Portal),
			Causeway:   r.Replace(x.Commands.Causeway),
		}
		x.Set = settingsOf(x.Set, known)
	}
}

// settingsOf puts the names and values that are known into what a fix sets. If one is not, a program cannot apply the fix: nothing.
func settingsOf(set []report.Setting, known *strings.Replacer) []report.Setting {
	out := make([]report.Setting, 0, len(set))
	for _, s := range set {
		path, value := known.Replace(s.Path), known.Replace(string(s.Value))
		if strings.ContainsRune(path, '{') || !json.Valid([]byte(value)) {
			return nil
		}
		out = append(out, report.Setting{File: s.File, Path: path, Value: json.RawMessage(value)})
	}
	return out
}

// ScopeOf is the narrowest scope that all events share.
func ScopeOf(events []*traffic.Event) report.Scope {
	s := report.Scope{Pool: events[0].Pool, Settings: events[0].Settings, Member: events[0].Member, Path: events[0].Path}
	for _, e := range events[1:] {
		s.Pool = keep(s.Pool, e.Pool)
		s.Settings = keep(s.Settings, e.Settings)
		s.Member = keep(s.Member, e.Member)
		s.Path = keep(s.Path, e.Path)
	}
	return s
}

func keep(a, b string) string {
	if a != b {
		return ""
	}
	return a
}

// Address lists the servers of a group of events, four at most, joined by "and".
func Address(events []*traffic.Event) string {
	var all []string
	for _, e := range events {
		if at := e.Server.String(); e.Server.IsValid() && !slices.Contains(all, at) && len(all) < 4 {
			all = append(all, at)
		}
	}
	return strings.Join(all, " and ")
}

// ConfidenceOf is high or else medium confidence.
func ConfidenceOf(high bool) string {
	if high {
		return report.High
	}
	return report.Medium
}
