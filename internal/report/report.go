// Package report is what a diagnosis says: the model, and its forms as text, Markdown and HTML. It renders without the
// engine that finds causes, so that a report read back from JSON looks like a fresh one.
package report

import (
	"encoding/json"
	"strings"
)

// Schema is the version of the report.
const Schema = "causeway.report/v2"

// Report is what a diagnosis says. It is the same for the same evidence.
type Report struct {
	Schema    string `json:"schema"`
	Summary   string `json:"headline"` // Headline, for readers of the JSON
	Window    Window `json:"window"`
	Gateway   string `json:"-"` // its name and resource group, or words for them
	Group     string `json:"-"`
	Host      Host   `json:"-"` // where it runs
	Unlogged  int    `json:"-"` // answers with a 5xx that the metrics count and an access log without failures lacks
	Ambiguous int    `json:"-"` // failures with a status that the gateway may have written itself, or a member
	Requests  int    `json:"requests"`
	Sessions  int    `json:"sessions,omitempty"` // of the requests: connections through TCP and TLS listeners
	Failures  int    `json:"failures"`
	// Failed attempts that a retry hid from the client, and what was steered away from members that were held back
	Recovered int `json:"recovered"`
	// Of the recovered: requests whose turn fell to a member that was held back, and that another answered
	Steered        int             `json:"steered,omitempty"`
	Verdict        *Verdict        `json:"verdict"`
	Where          *Where          `json:"where"`       // nil: the failures are spread over everything
	FailureKind    *FailureKind    `json:"failureKind"` // nil: nothing failed
	Cause          *CauseLevel     `json:"cause"`       // nil: no one cause stands out
	Findings       []Finding       `json:"findings"`
	Steps          []Step          `json:"steps"`
	Undetermined   Undetermined    `json:"undetermined"`
	WhatIf         WhatIf          `json:"whatIf"`
	Notices        []Notice        `json:"notices"`
	Before         []Followup      `json:"before,omitempty"` // what the findings of an earlier report have become
	Assumptions    []string        `json:"assumptions"`      // what was taken for granted without evidence, and what could not be made sure
	Read           Read            `json:"read"`
	Missing        []Missing       `json:"missing"`
	MetricsSummary *MetricsSummary `json:"metricsSummary,omitempty"` // what the metrics show where there is no access log
	Pictures       *Pictures       `json:"pictures,omitempty"`
}

// Read is how the reading of the evidence went.
type Read struct {
	Repeated      int            `json:"repeated"`                // rows that stood in several places, counted once
	BadLines      int            `json:"badLines"`                // lines that could not be read
	Misdated      int            `json:"misdated"`                // rows whose time cannot be true, which were set aside
	OutsideWindow Excluded       `json:"outsideWindow"`           // requests outside the requested window
	OtherGateways map[string]int `json:"otherGateways,omitempty"` // requests of gateways that were not asked for, by name
	Unread        []string       `json:"unread"`                  // what could not be read, with file and line; at most twenty
	Sampled       int            `json:"sampled"`                 // one failure in so many was inspected; 1: all
}

// Excluded counts requests that the diagnosis left out, and the time that they span, RFC 3339.
type Excluded struct {
	Requests int    `json:"requests"`
	From     string `json:"from"`
	To       string `json:"to"`
}

// Window is the time that the evidence covers, RFC 3339; empty without records.
type Window struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Verdict is the one cause to act on first.
type Verdict struct {
	Cause      string  `json:"cause"`
	Title      string  `json:"title"`
	Share      float64 `json:"share"`
	Confidence string  `json:"confidence"`
}

// Confidence words. High: the mechanism itself was seen. Medium: what was seen fits, and rivals remain. Low: a
// suspicion.
const (
	High   = "high"
	Medium = "medium"
	Low    = "low"
)

// Finding is a cause at work. Failures of all findings and of Undetermined add up to those of the report.
type Finding struct {
	Cause        string       `json:"cause"`
	Title        string       `json:"title"`
	Scope        Scope        `json:"scope"`
	Failures     int          `json:"failures"`
	Recovered    int          `json:"recovered"`
	Usual        bool         `json:"usual,omitempty"`        // of the sort that every gateway has, and no more than that
	Contributing int          `json:"contributing,omitempty"` // failures it has a part in that are counted under another cause
	Share        float64      `json:"share"`                  // of the failures; of the recovered ones where nothing failed visibly
	Confidence   string       `json:"confidence"`
	When         string       `json:"when,omitempty"` // at what times its failures lie, UTC; empty without failures
	Where        *Where       `json:"where"`          // nil: nothing in common
	FailureKind  *FailureKind `json:"failureKind"`    // nil: it has no failures
	Mechanism    string       `json:"mechanism"`
	Evidence     []Evidence   `json:"evidence"`
	RuledOut     []RuledOut   `json:"ruledOut"`
	Rivals       []Rival      `json:"rivals"`                 // the likeliest, MaxRivals at most
	AlsoPossible []Rival      `json:"alsoPossible,omitempty"` // the others
	Separate     string       `json:"separate,omitempty"`     // what tells the cause from its first rival
	Fixes        []Fix        `json:"fixes"`
	DisprovedBy  string       `json:"disprovedBy"`
}

// Scope is what a finding holds for; empty parts do not narrow it.
type Scope struct {
	Pool     string `json:"pool,omitempty"`
	Settings string `json:"settings,omitempty"`
	Member   string `json:"member,omitempty"`
	Path     string `json:"path,omitempty"`
	Instance string `json:"instance,omitempty"`
}

// Evidence is one fact, with the transaction ids of rows that show it.
type Evidence struct {
	Source string   `json:"source"` // access-log, backend-health, configuration
	Fact   string   `json:"fact"`
	Rows   []string `json:"rows,omitempty"`
}

// RuledOut is a rival that the evidence excludes.
type RuledOut struct {
	Cause   string `json:"cause"`
	Because string `json:"because"`
}

// Rival is a cause that the evidence does not exclude.
type Rival struct {
	Cause   string `json:"cause"`
	Test    string `json:"test"`
	Because string `json:"because,omitempty"` // what makes it more likely than the others
	Against string `json:"against,omitempty"` // what makes it less likely
}

// Fix is one change.
type Fix struct {
	Side     string   `json:"side"`
	Change   string   `json:"change"`
	Commands Commands `json:"commands"`
	Expected Expected `json:"expected"`

	// Set is what a program sets to apply the fix to Causeway; empty where somebody has to choose a value, and for other gateways.
	Set []Setting `json:"set,omitempty"`
}

// Setting is a value of the gateway's configuration: in the document, the path of a property below properties, in which a member of a
// collection stands by its name (backendHttpSettingsCollection/api/requestTimeout), or a key of causeway.yaml.
type Setting struct {
	File  string          `json:"file"` // document, causeway.yaml
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

// Commands are the forms of a fix; an empty one has no such setting.
type Commands struct {
	AzCLI      string `json:"azCli,omitempty"`
	PowerShell string `json:"powershell,omitempty"`
	Portal     string `json:"portal,omitempty"`
	Causeway   string `json:"causeway,omitempty"`
}

// Expected is what a fix would have saved of the failures (visible and recovered) of its finding.
type Expected struct {
	Removes [2]int `json:"removes"`
	Basis   string `json:"basis"` // exact, bounded, unknown
	Note    string `json:"note,omitempty"`
}

// Step is one of the steps of the decision tree.
type Step struct {
	Step   string `json:"step"`
	Result string `json:"result"` // pass, fail, unknown
	Detail string `json:"detail"`
}

// Undetermined is what no cause explains: all of it together, and group by group, each with what it may be and what
// would decide.
type Undetermined struct {
	Failures int      `json:"failures"`
	Rivals   []string `json:"rivals"`
	Next     string   `json:"next,omitempty"`
	Rows     []string `json:"rows,omitempty"`
	Groups   []Open   `json:"groups"`
}

// Open is a group of failures that share what they may be.
type Open struct {
	Failures     int          `json:"failures"`
	Recovered    int          `json:"recovered"`
	Scope        Scope        `json:"scope"`
	When         string       `json:"when,omitempty"` // at what times they lie, UTC
	Where        *Where       `json:"where"`          // nil: nothing in common
	FailureKind  *FailureKind `json:"failureKind"`
	Parts        []Part       `json:"parts,omitempty"`        // places that are alike, where there are several
	Rivals       []Rival      `json:"rivals"`                 // the likeliest, MaxRivals at most
	AlsoPossible []Rival      `json:"alsoPossible,omitempty"` // the others
	Separate     string       `json:"separate,omitempty"`     // what tells the first two apart
	Next         string       `json:"next"`
	Rows         []string     `json:"rows,omitempty"`
}

// Part is a part of a group of failures, at a place of its own.
type Part struct {
	Scope     Scope `json:"scope"`
	Failures  int   `json:"failures"`
	Recovered int   `json:"recovered"`
}

// Missing is evidence that would have helped, with the command that gets it.
type Missing struct {
	What string `json:"what"`
	Why  string `json:"why"`
	How  string `json:"how"`
}

// IsCommand reports whether the way to get it is a command to copy, and not words.
func (m Missing) IsCommand() bool { return strings.HasPrefix(m.How, "az ") }

// Results of a step.
const (
	Pass     = "pass"
	Fail     = "fail"
	NotKnown = "unknown"
)
