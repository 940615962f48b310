// Package cause is the catalogue of the reasons behind failed requests: what happens, what it looks like, what it is
// easily taken for, and what cures it on either side.
package cause

import "slices"

// Cause is one reason. Mechanism, Disproof and the fixes may hold {names} that a finding fills in: gateway, group, pool,
// settings, probe, member and address for every finding; timeout, newTimeout, idle and others where the cause has them.
type Cause struct {
	ID        string
	Title     string
	Azure     Confidence // that Azure's exports alone allow
	Trace     Confidence // that Causeway's own record of each request allows
	Mechanism string     // how it comes to fail requests
	Evidence  string     // what shows it
	Rivals    []string   // ids that look alike
	Separate  string     // what tells the rivals apart
	Disproof  string     // one observation that would refute it
	Fixes     []Fix
}

// Fix is one change that cures a cause, on one side. A command is empty where that side has no such setting.
type Fix struct {
	Side       string // backend, gateway, client
	Change     string
	AzCLI      string
	PowerShell string
	Portal     string
	Causeway   string
	Set        []Setting // what Causeway says, for programs that apply it; none where somebody has to choose a value first
}

// Setting is a value of the gateway's configuration that a fix sets. Path and Value may hold {names}.
type Setting struct {
	File  string // Document or Local
	Path  string // of the property: in the document below properties, a member of a collection by its name
	Value string // JSON
}

// Files of a configuration.
const (
	Document = "document"
	Local    = "causeway.yaml"
)

// Confidence is how far a source of evidence can take one: "H", "M", "L" or "-".
type Confidence string

// Words says a confidence in words.
func (c Confidence) Words() string {
	switch c {
	case "H":
		return "decides"
	case "M":
		return "narrows to a few"
	case "L":
		return "suspicion only"
	}
	return "not from this"
}

// Group holds causes of one kind; their ids begin with its letter.
type Group struct {
	Letter string
	Title  string
}

// Groups returns the groups in the order of the catalogue.
func Groups() []Group { return slices.Clone(groups) }

var groups = []Group{
	{"a", "probes and health"},
	{"b", "the way to the member"},
	{"c", "connections"},
	{"d", "time"},
	{"e", "the protocol"},
	{"f", "TLS to the member"},
	{"g", "capacity of the backend"},
	{"h", "the gateway itself"},
	{"i", "configuration"},
	{"j", "clients"},
	{"k", "whose status code it is"},
}

// Group returns the group of a cause.
func (c *Cause) Group() Group {
	i := slices.IndexFunc(groups, func(g Group) bool { return g.Letter == c.ID[:1] })
	return groups[i]
}

// Find returns a cause by id; nil if there is none.
func Find(id string) *Cause {
	for i := range all {
		if all[i].ID == id {
			return &all[i]
		}
	}
	return nil
}

// All returns the whole catalogue, in the order of its groups.
func All() []Cause { return slices.Clone(all) }

// ToSeparate is what tells two causes apart: the test for just these two where there is one, else that of the first.
func ToSeparate(id, rival string) string {
	if test := madeFor(id, rival); test != "" {
		return test
	}
	if c := Find(id); c != nil {
		return c.Separate
	}
	return ""
}

// Between is the test that separates two causes: the one made for the pair or, where there is none, what decides the rival.
func Between(id, rival string) string {
	if test := madeFor(id, rival); test != "" {
		return test
	}
	return ToSeparate(rival, id)
}

// madeFor is the test that separates just these two causes; empty where there is none.
func madeFor(a, b string) string {
	for _, p := range pairs {
		if p.a == a && p.b == b || p.a == b && p.b == a {
			return p.test
		}
	}
	return ""
}
