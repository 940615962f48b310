package diagnose

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/evidence"
	"causeway/internal/fault"
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

	Cause      string   `json:"cause,omitempty"` // that the diagnosis of the whole evidence attributes it to
	Title      string   `json:"title,omitempty"`
	Confidence string   `json:"confidence,omitempty"`
	Why        []string `json:"why"`
	Rivals     []Rival  `json:"rivals"`
	Next       string   `json:"next,omitempty"`
	Fixes      []Fix    `json:"fixes"`
	Similar    []string `json:"similar"` // other requests of the same finding or group
	Missing    []string `json:"missing"` // what is not recorded of it
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
const ExplanationSchema = "causeway.explanation/v1"

// Explain tells what happened to one request, by its transaction id (32 hexadecimal digits, dashes allowed) or by its time,
// in the light of all the rest. If several failed at that time, the error is a *Several.
func Explain(b *evidence.Bundle, what string) (*Explanation, error) {
	w, err := parseWanted(what)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", what, err)
	}
	t := newTally(leftOut{document: b.Config, health: b.Health})
	t.wanted = w
	if err := t.read(b, Options{}); err != nil {
		return nil, err
	}
	c, err := t.wanted.one()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	q := newInquiry(t)
	r := q.run(b)
	return q.explain(c, r), nil
}

func (q *inquiry) explain(c *candidate, whole *Report) *Explanation {
	r := &c.record
	x := &Explanation{
		Schema: ExplanationSchema, ID: idOf(r), At: stamp(r.Start), Request: requestText(r), Client: r.Client.String(), Instance: r.Instance, Listener: r.Listener,
		Rule: r.Rule, Pool: r.Pool, Settings: r.Settings, Status: r.Status, Took: r.Taken.Seconds(), Info: r.ErrorInfo, Attempts: []AttemptStory{}, Noted: noted(r),
		Why: []string{}, Rivals: []Rival{}, Fixes: []Fix{}, Similar: []string{}, Missing: []string{},
	}
	if c.event != nil && c.event.visible {
		x.Fault = c.event.fault.Text()
	}
	for i := range r.Attempts {
		x.Attempts = append(x.Attempts, q.attemptStory(c, &r.Attempts[i]))
	}
	q.verdictOn(x, c.event, whole)
	x.missing(r, c.own)
	return x
}

func requestText(r *accesslog.Record) string {
	if r.Session {
		return "a session"
	}
	uri := r.OriginalURI
	if len(uri) == 0 {
		uri = r.URI
	}
	return fmt.Sprintf("%s %s%s %s", r.Method, r.OriginalHost, uri, r.Version)
}

func (q *inquiry) attemptStory(c *candidate, a *accesslog.Attempt) AttemptStory {
	r := &c.record
	s := AttemptStory{Member: memberOf(a), Server: a.Server.String(), Status: a.Status, Connection: connectionText(a, c.own), Phases: phasesOf(a)}
	switch {
	case !a.Fault.None():
		s.Outcome = a.Fault.Text()
	case a.Echo > 0 && c.event != nil && c.event.fault.Kind == fault.Status:
		s.Outcome = fmt.Sprintf("answered %d, by all that the log tells", a.Echo)
	case a.Echo > 0:
		s.Outcome = fmt.Sprintf("gave no answer that is proven: serverStatus has %d, which the gateway writes itself where none came", a.Echo)
	case a.Status > 0:
		s.Outcome = fmt.Sprintf("answered %d", a.Status)
	default:
		s.Outcome = "gave no answer; why is not in this log"
	}
	e := event{settings: r.Settings, member: s.Member, server: a.Server}
	if t := q.trailOf(&e); t != nil {
		s.Health = q.healthText(t, r)
	}
	return s
}

// healthText says how a member was when a request began, as far as the report of health tells.
func (q *inquiry) healthText(t *trail, r *accesslog.Record) string {
	c, known := t.at(r.Start)
	if !known {
		return "is " + t.now.Health + " in the report of health; how it was then is not known"
	}
	text, when := "was up", " then, by its probes"
	if !c.up {
		text, when = "was "+c.text(), ""
	}
	if apart := q.healthApart(Scope{Settings: r.Settings}, r.Start, r.Start); apart != "" {
		when = " in a report of health " + apart + " this request"
	}
	return text + when
}

func connectionText(a *accesslog.Attempt, own bool) string {
	how := ""
	if !own && a.Reused {
		how = " (rebuilt from source ports, to the second)"
	}
	switch {
	case a.Reused:
		return fmt.Sprintf("reused: it had carried %s, was %s old and had been idle for %s%s", count(a.Uses, "request", "requests"), seconds(a.Age), seconds(max(0, a.Idle)), how)
	case a.Stale >= 0:
		return fmt.Sprintf("new, because the one at hand, idle for %s, was found closed", seconds(a.Stale))
	case own:
		return "new"
	}
	return "new, or not seen before in this log"
}

// phasesOf lays the phases of an attempt behind each other.
func phasesOf(a *accesslog.Attempt) []Phase {
	out := []Phase{}
	at := time.Duration(0)
	add := func(name string, d time.Duration) {
		if d >= 0 {
			out = append(out, Phase{name, at.Seconds(), d.Seconds()})
			at += d
		}
	}
	connect := a.Connect
	if connect >= 0 && a.TLS >= 0 {
		add("connect", connect-a.TLS)
		add("tls", a.TLS)
	} else {
		add("connect", connect)
	}
	if a.Send >= 0 {
		add("send", max(0, a.Send-max(0, connect)))
	}
	if a.Wait >= 0 {
		add("wait", a.Wait)
	} else if a.HeaderTime > at {
		add("wait", a.HeaderTime-at)
	}
	add("receive", a.Receive)
	if rest := a.Total - at; rest > time.Millisecond {
		add("until it ended", rest)
	}
	return out
}

// verdictOn finds what the diagnosis says of the request.
func (q *inquiry) verdictOn(x *Explanation, e *event, whole *Report) {
	if e == nil {
		x.Why = append(x.Why, "it did not fail")
		return
	}
	for j := range whole.Findings {
		f := &whole.Findings[j]
		if f.Cause != q.causeOf(e) || f.Scope.Member != "" && f.Scope.Member != e.member || f.Scope.Settings != "" && f.Scope.Settings != e.settings {
			continue
		}
		x.Cause, x.Title, x.Confidence, x.Rivals, x.Fixes = f.Cause, f.Title, f.Confidence, f.Rivals, f.Fixes
		for _, fact := range f.Evidence {
			x.Why = append(x.Why, fact.Fact)
		}
		x.Similar = q.similar(e, func(o *event) bool { return q.causeOf(o) == q.causeOf(e) && o.member == e.member })
		return
	}
	for _, s := range q.open {
		if slices.Contains(s.events, e) {
			g := s.group(q.against(s.events))
			x.Rivals, x.Next = g.Rivals, s.next
			x.Similar = q.similar(e, func(o *event) bool { return slices.Contains(s.events, o) })
			return
		}
	}
}

func (q *inquiry) similar(e *event, like func(*event) bool) []string {
	out := []string{}
	for _, o := range q.events {
		if o != e && len(out) < maxRows && like(o) {
			out = append(out, o.id)
		}
	}
	return out
}

func (x *Explanation) missing(r *accesslog.Record, own bool) {
	if own {
		return
	}
	if slices.ContainsFunc(r.Attempts, func(a accesslog.Attempt) bool { return a.Reused }) {
		x.Missing = append(x.Missing, "in which phase it failed, and for how long its connection had been idle more exactly than the log's times: Causeway's trace has both")
	} else {
		x.Missing = append(x.Missing, "whether the connection to the member was new, and in which phase it failed: Causeway's trace has both")
	}
	if r.Start.Nanosecond() == 0 {
		x.Missing = append(x.Missing, "when it began, more exactly than to the second")
	}
	if r.V1 {
		x.Missing = append(x.Missing, "how long the member took: first-generation logs have only the whole time")
	}
}

// barWidth is how many columns the longest attempt's bar has.
const barWidth = 40

// Text writes the explanation on one screen.
func (x *Explanation) Text(w io.Writer, width int) error {
	p := &printer{w: w, width: max(width, 60)}
	if x.ID != x.At {
		p.line(x.ID + "  " + x.At)
	} else { // the log has no ids
		p.line(x.At)
	}
	p.wrapped("", fmt.Sprintf("%s from %s: status %d after %.3f s", printable(x.Request), x.Client, x.Status, x.Took))
	p.wrapped("", strings.Trim(fmt.Sprintf("%s > %s > %s > %s on %s", dash(x.Listener), dash(x.Rule), dash(x.Pool), dash(x.Settings), dash(x.Instance)), " "))
	if x.Fault != "" {
		p.wrapped("failed: ", x.Fault)
	}
	for i := range x.Attempts {
		p.attempt(i+1, &x.Attempts[i])
	}
	for _, fact := range x.Noted {
		p.wrapped("noted: ", fact)
	}
	p.line("")
	switch {
	case x.Cause != "":
		p.wrapped("Cause: ", fmt.Sprintf("%s [%s], confidence %s", x.Title, x.Cause, x.Confidence))
	case len(x.Rivals) > 0:
		p.wrapped("", "The evidence does not decide its cause.")
	}
	for _, fact := range x.Why {
		p.wrapped("  - ", fact)
	}
	g := Open{Rivals: x.Rivals}
	for _, r := range g.likeliest() {
		p.wrapped("  perhaps ", r.text())
	}
	if more := g.more(); more != "" {
		p.wrapped("  ", more)
	}
	if x.Next != "" {
		p.wrapped("  next: ", x.Next)
	}
	for i := range x.Fixes {
		p.fix(&x.Fixes[i])
	}
	if len(x.Similar) > 0 {
		p.wrapped("Like it: ", strings.Join(x.Similar, " "))
	}
	for _, m := range x.Missing {
		p.wrapped("Not recorded: ", m)
	}
	return p.err
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// printable spells out what a terminal would act upon: clients chose these bytes.
func printable(s string) string {
	quoted := fmt.Sprintf("%q", s)
	return quoted[1 : len(quoted)-1]
}

func (p *printer) attempt(n int, a *AttemptStory) {
	p.line("")
	p.wrapped(fmt.Sprintf("attempt %d: ", n), fmt.Sprintf("%s (%s): %s", a.Member, a.Server, a.Outcome))
	p.wrapped("  connection: ", a.Connection)
	if a.Health != "" {
		p.wrapped("  the member ", a.Health)
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
		p.line(fmt.Sprintf("  %-14s %10.3f ms  |%-*s|", ph.Name, ph.Took*1000, barWidth+1, bar))
	}
}

// Text writes the list with what to ask for.
func (s *Several) Text(w io.Writer, width int) error {
	p := &printer{w: w, width: max(width, 60)}
	p.wrapped("", s.Error()+". Ask for one of them by what stands before it:")
	for i := range s.Requests {
		c := &s.Requests[i]
		p.line("")
		p.line(c.Pick)
		p.wrapped("  ", fmt.Sprintf("%s from %s: status %d, member %s", printable(c.Request), c.Client, c.Status, dash(c.Member)))
	}
	if s.More > 0 {
		p.line("")
		p.line(fmt.Sprintf("and %d more", s.More))
	}
	return p.err
}
