package report

import (
	"fmt"
	"io"
	"strings"

	"causeway/internal/units"
)

// Explanation is all that the evidence says of one request.
type Explanation struct {
	Schema   string         `json:"schema"`
	ID       string         `json:"id"`
	At       string         `json:"at"`
	Request  string         `json:"request"`
	Client   string         `json:"client"`
	Instance string         `json:"instance,omitempty"`
	Listener string         `json:"listener,omitempty"`
	Rule     string         `json:"rule,omitempty"`
	Pool     string         `json:"pool,omitempty"`
	Settings string         `json:"settings,omitempty"`
	Status   int            `json:"status"`
	Took     float64        `json:"took"` // seconds
	Info     string         `json:"errorInfo,omitempty"`
	Fault    string         `json:"fault,omitempty"`
	Attempts []AttemptStory `json:"attempts"`
	Noted    []string       `json:"noted"` // what Causeway's own record says beside

	Cause        string       `json:"cause,omitempty"` // that the diagnosis of the whole evidence attributes it to
	Title        string       `json:"title,omitempty"`
	Confidence   string       `json:"confidence,omitempty"`
	Where        *Where       `json:"where"` // of the finding or group that it belongs to
	FailureKind  *FailureKind `json:"failureKind"`
	Why          []string     `json:"why"`
	Rivals       []Rival      `json:"rivals"`
	AlsoPossible []Rival      `json:"alsoPossible,omitempty"`
	Separate     string       `json:"separate,omitempty"`
	Next         string       `json:"next,omitempty"`
	Fixes        []Fix        `json:"fixes"`
	Similar      []string     `json:"similar"` // other requests of the same finding or group
	Missing      []string     `json:"missing"` // what is not recorded of it
}

// AttemptStory is one try on one member.
type AttemptStory struct {
	Member     string  `json:"member"`
	Server     string  `json:"server"`
	Connection string  `json:"connection"`
	Phases     []Phase `json:"phases"`
	Status     int     `json:"status"`
	Outcome    string  `json:"outcome"`
	Health     string  `json:"health,omitempty"`
}

// Phase is a part of an attempt, in seconds from the attempt's beginning.
type Phase struct {
	Name string  `json:"name"`
	From float64 `json:"from"`
	Took float64 `json:"took"`
}

// ExplanationSchema is the version of the explanation.
const ExplanationSchema = "causeway.explanation/v2"

// barWidth is how many columns the longest attempt's bar has.
const barWidth = 40

// Text writes the explanation on one screen.
func (x *Explanation) Text(w io.Writer, width int) error {
	p := &Printer{W: w, Width: max(width, 60)}
	if x.ID != x.At {
		p.Line(x.ID + "  " + x.At)
	} else { // the log has no ids
		p.Line(x.At)
	}
	p.Wrapped("", fmt.Sprintf("%s from %s: status %d after %.3f s", printable(x.Request), x.Client, x.Status, x.Took))
	p.Wrapped("", strings.Trim(fmt.Sprintf("%s > %s > %s > %s on %s", units.Dash(x.Listener), units.Dash(x.Rule), units.Dash(x.Pool),
		units.Dash(x.Settings), units.Dash(x.Instance)), " "))
	if x.Fault != "" {
		p.Wrapped("failed: ", x.Fault)
	}
	for i := range x.Attempts {
		p.attempt(i+1, &x.Attempts[i])
	}
	for _, fact := range x.Noted {
		p.Wrapped("noted: ", fact)
	}
	p.Line("")
	switch {
	case x.Cause != "":
		p.Wrapped("Cause: ", fmt.Sprintf("%s [%s], confidence %s", x.Title, x.Cause, x.Confidence))
	case len(x.Rivals) > 0:
		p.Wrapped("", "The evidence does not decide its cause.")
	}
	for _, fact := range x.Why {
		p.Wrapped("  - ", fact)
	}
	p.levels("  ", x.Where, x.FailureKind)
	for _, r := range saidOnce(x.Rivals) {
		p.Wrapped("  perhaps ", r.text())
	}
	if more := More(x.AlsoPossible); more != "" {
		p.Wrapped("  ", more)
	}
	if text := separateText(x.Separate, x.Rivals); text != "" {
		p.Wrapped("  to separate: ", text)
	}
	if x.Next != "" {
		p.Wrapped("  next: ", x.Next)
	}
	for i := range x.Fixes {
		p.fix(&x.Fixes[i])
	}
	if len(x.Similar) > 0 {
		p.Wrapped("Like it: ", strings.Join(x.Similar, " "))
	}
	for _, m := range x.Missing {
		p.Wrapped("Not recorded: ", m)
	}
	return p.Err
}

// printable spells out what a terminal would act upon: clients chose these bytes.
func printable(s string) string {
	quoted := fmt.Sprintf("%q", s)
	return quoted[1 : len(quoted)-1]
}

func (p *Printer) attempt(n int, a *AttemptStory) {
	p.Line("")
	p.Wrapped(fmt.Sprintf("attempt %d: ", n), fmt.Sprintf("%s (%s): %s", a.Member, a.Server, a.Outcome))
	p.Wrapped("  connection: ", a.Connection)
	if a.Health != "" {
		p.Wrapped("  the member ", a.Health)
	}
	end := 0.0
	for _, ph := range a.Phases {
		end = max(end, ph.From+ph.Took)
	}
	for _, ph := range a.Phases {
		from, to := 0, 0
		if end > 0 {
			from, to = int(ph.From/end*barWidth), int((ph.From+ph.Took)/end*barWidth)
		}
		bar := strings.Repeat(" ", from) + strings.Repeat("█", max(1, to-from))
		p.Line(fmt.Sprintf("  %-14s %10.3f ms  |%-*s|", ph.Name, ph.Took*1000, barWidth+1, bar))
	}
}
