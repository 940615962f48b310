package diagnose

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/analyzers/probes"
	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/units"
)

// Explain explains one request, by its transaction id (32 hexadecimal digits, dashes allowed) or by its time,
// in the light of all the rest. If several failed at that time, the error is a *Several.
func Explain(b *evidence.Bundle, what string) (*report.Explanation, error) {
	w, err := traffic.ParseQuery(what)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", what, err)
	}
	t := traffic.NewSummary(traffic.Excluded{Document: b.Config, Health: b.Health})
	t.Wanted = w
	if err := t.Read(b, traffic.Options{}); err != nil {
		return nil, err
	}
	match, err := t.Wanted.One()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	c := inference.NewCase(t)
	r := Conclude(c, b)
	return explain(c, match, r), nil
}

func explain(c *inference.Case, match *traffic.Match, whole *report.Report) *report.Explanation {
	r := &match.Record
	x := &report.Explanation{
		Schema: report.ExplanationSchema, ID: traffic.IDOf(r), At: units.Stamp(r.Start), Request: traffic.RequestText(r),
		Client: r.Client.String(), Instance: r.Instance, Listener: r.Listener,
		Rule: r.Rule, Pool: r.Pool, Settings: r.Settings, Status: r.Status, Took: r.Taken.Seconds(), Info: r.ErrorInfo,
		Attempts: []report.AttemptStory{}, Noted: noted(r),
		Why: []string{}, Rivals: []report.Rival{}, Fixes: []report.Fix{}, Similar: []string{}, Missing: []string{},
	}
	if match.Event != nil && match.Event.Visible {
		x.Fault = match.Event.Fault.Text()
	}
	for i := range r.Attempts {
		x.Attempts = append(x.Attempts, attemptStory(c, match, &r.Attempts[i]))
	}
	verdictOn(c, x, match.Event, whole)
	notRecorded(x, r, match.Own)
	return x
}

func attemptStory(c *inference.Case, match *traffic.Match, a *accesslog.Attempt) report.AttemptStory {
	r := &match.Record
	s := report.AttemptStory{
		Member:     traffic.MemberOf(a),
		Server:     traffic.ServerText(a.Server),
		Status:     a.Status,
		Connection: connectionText(a, match.Own),
		Phases:     phasesOf(a),
	}
	switch {
	case !a.Fault.None():
		s.Outcome = a.Fault.Text()
	case a.Echo > 0 && match.Event != nil && match.Event.Fault.Kind == fault.Status:
		s.Outcome = fmt.Sprintf("answered %d, as far as the log shows", a.Echo)
	case a.Echo > 0:
		s.Outcome = fmt.Sprintf("gave no answer that is proven: serverStatus has %d, which the gateway writes itself where none came", a.Echo)
	case a.Status > 0:
		s.Outcome = fmt.Sprintf("answered %d", a.Status)
	default:
		s.Outcome = "gave no answer; why is not in this log"
	}
	e := traffic.Event{Settings: r.Settings, Member: s.Member, Server: a.Server}
	if t := c.Traffic.HistoryOf(&e); t != nil {
		s.Health = healthText(c, t, r)
	}
	return s
}

// healthText describes the health of a member when a request began, as far as the report of health has it.
func healthText(c *inference.Case, t *health.History, r *accesslog.Record) string {
	change, known := t.At(r.Start)
	if !known {
		return "is " + t.Now.Health + " in the report of health; how it was then is not known"
	}
	text, when := "was up", " then, by its probes"
	if !change.Up {
		text, when = "was "+probes.Text(change), ""
	}
	if apart := healthApart(c, report.Scope{Settings: r.Settings}, r.Start, r.Start); apart != "" {
		when = " in a report of health " + apart + " this request"
	}
	return text + when
}

// toTheSecond is a duration that is known no better.
func toTheSecond(d time.Duration) string {
	if d < time.Second {
		return "at most a second"
	}
	return units.Seconds(d.Round(time.Second))
}

func connectionText(a *accesslog.Attempt, own bool) string {
	exactly, how := units.Seconds, ""
	if !own && a.Reused {
		exactly, how = toTheSecond, " (rebuilt from source ports, to the second)"
	}
	switch {
	case a.Reused:
		return fmt.Sprintf("reused: it had carried %s, was %s old and had been idle for %s%s", units.Count(a.Uses, "request", "requests"),
			exactly(a.Age), exactly(max(0, a.Idle)), how)
	case a.Stale >= 0:
		return fmt.Sprintf("new, because the one at hand, idle for %s, was found closed", units.Seconds(a.Stale))
	case own:
		return "new"
	}
	return "new, or not seen before in this log"
}

// phasesOf lays the phases of an attempt behind each other.
func phasesOf(a *accesslog.Attempt) []report.Phase {
	out := []report.Phase{}
	at := time.Duration(0)
	add := func(name string, d time.Duration) {
		if d >= 0 {
			out = append(out, report.Phase{Name: name, From: at.Seconds(), Took: d.Seconds()})
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
func verdictOn(c *inference.Case, x *report.Explanation, e *traffic.Event, whole *report.Report) {
	if e == nil {
		x.Why = append(x.Why, "it did not fail")
		return
	}
	for j := range whole.Findings {
		f := &whole.Findings[j]
		if f.Cause != c.CauseOf(e) || f.Scope.Member != "" && f.Scope.Member != e.Member || f.Scope.Settings != "" &&
			f.Scope.Settings != e.Settings {
			continue
		}
		x.Cause, x.Title, x.Confidence, x.Rivals, x.Fixes = f.Cause, f.Title, f.Confidence, f.Rivals, f.Fixes
		x.AlsoPossible, x.Separate, x.Where, x.FailureKind = f.AlsoPossible, f.Separate, f.Where, f.FailureKind
		for _, fact := range f.Evidence {
			x.Why = append(x.Why, fact.Fact)
		}
		x.Similar = similar(c, e, func(o *traffic.Event) bool { return c.CauseOf(o) == c.CauseOf(e) && o.Member == e.Member })
		return
	}
	for _, s := range c.Open {
		if slices.Contains(s.Events, e) {
			x.Where, x.FailureKind = levelsOf(c, "", report.High, s.Events)
			g := c.Group(&s, x.Where)
			x.Rivals, x.AlsoPossible, x.Separate, x.Next = g.Rivals, g.AlsoPossible, g.Separate, s.Next
			x.Similar = similar(c, e, func(o *traffic.Event) bool { return slices.Contains(s.Events, o) })
			return
		}
	}
}

func similar(c *inference.Case, e *traffic.Event, like func(*traffic.Event) bool) []string {
	out := []string{}
	for _, o := range c.Traffic.Events {
		if o != e && len(out) < inference.MaxRows && like(o) {
			out = append(out, o.ID)
		}
	}
	return out
}

func notRecorded(x *report.Explanation, r *accesslog.Record, own bool) {
	if own {
		return
	}
	if slices.ContainsFunc(r.Attempts, func(a accesslog.Attempt) bool { return a.Reused }) {
		x.Missing = append(x.Missing,
			"in which phase it failed, and for how long its connection had been idle more exactly than the log's times: Causeway's trace has both")
	} else {
		x.Missing = append(x.Missing,
			"whether the connection to the member was new, and in which phase it failed: Causeway's trace has both")
	}
	if !r.Logged.IsZero() {
		x.Missing = append(x.Missing, "when it began, more exactly than to the second")
	}
	if r.V1 {
		x.Missing = append(x.Missing, "how long the member took: first-generation logs have only the whole time")
	}
}
