package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"causeway/internal/units"
)

// Markdown writes the report for a ticket: what it says first is what can be read without opening the rest. It needs
// nothing beyond tables and code blocks.
func (r *Report) Markdown(w io.Writer) error {
	m := &markdown{w: w}
	m.para("## " + escaped(r.Headline()))
	if r.Requests > 0 {
		m.para(escaped(r.totals()))
	}
	if text := r.sampled(); text != "" {
		m.para(escaped(text))
	}
	m.summary(r)
	first := r.openFirst()
	if first {
		m.undetermined(&r.Undetermined)
	}
	for i := range r.Findings {
		m.finding(i+1, &r.Findings[i], r)
	}
	if r.MetricsSummary != nil {
		m.bullets("By the metrics", r.MetricsSummary.Lines())
	}
	if !first {
		m.undetermined(&r.Undetermined)
	}
	m.whatIf(&r.WhatIf)
	m.followups(r.Before)
	m.steps(r.Steps)
	m.notices(r.Notices)
	m.bullets("Assumed", r.Assumptions)
	m.missing(r.Missing)
	return m.err
}

type markdown struct {
	w     io.Writer
	begun bool
	err   error
}

func (m *markdown) write(s string) {
	if m.err == nil {
		_, m.err = io.WriteString(m.w, s)
	}
}

// para writes a block, apart from the one before.
func (m *markdown) para(s string) {
	if m.begun {
		m.write("\n")
	}
	m.begun = true
	m.write(s + "\n")
}

// special are the characters that mean something in Markdown, or in the HTML that it may contain.
var special = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`, "<", "&lt;", ">",
	"&gt;", "&", "&amp;")

// escaped is text that reads as it is, on one line, whatever it holds.
func escaped(s string) string {
	s = special.Replace(strings.Join(strings.Fields(harmless(spaced(s))), " "))
	if s == "" {
		return ""
	}
	if strings.ContainsRune("#+-=", rune(s[0])) {
		return `\` + s
	}
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	mark, _, _ := strings.Cut(s[digits:], " ")
	if digits > 0 && (mark == "." || mark == ")") { // it would begin a list
		return s[:digits] + `\` + s[digits:]
	}
	return s
}

// spaced has no line breaks.
func spaced(s string) string { return strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(s) }

// code is a code span of its own, which nothing can leave.
func code(s string) string {
	return "`" + strings.NewReplacer("`", "'", "|", "¦").Replace(harmless(spaced(s))) + "`"
}

// block is a fenced code block, indented to belong to a list. Commands are on one line each.
func block(language, s string) string {
	fence := "```"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return "  " + fence + language + "\n  " + harmless(spaced(s)) + "\n  " + fence
}

func row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |" }

func (m *markdown) table(head []string, rows [][]string) {
	lines := []string{row(head...), "|" + strings.Repeat(" --- |", len(head))}
	for _, cells := range rows {
		lines = append(lines, row(cells...))
	}
	m.para(strings.Join(lines, "\n"))
}

func (m *markdown) summary(r *Report) {
	var rows [][]string
	for i := range r.Findings {
		f := &r.Findings[i]
		rows = append(rows, []string{
			strconv.Itoa(i + 1), escaped(f.Title) + " " + code(f.Cause), escaped(f.Scope.Text()), strconv.Itoa(f.Failures),
			strconv.Itoa(f.Recovered),
			f.Confidence, f.sides(),
		})
	}
	if u := &r.Undetermined; u.Failures > 0 || len(u.Groups) > 0 {
		recovered := 0
		for i := range u.Groups {
			recovered += u.Groups[i].Recovered
		}
		rows = append(rows, []string{"", "cannot tell", "", strconv.Itoa(u.Failures), strconv.Itoa(recovered), "", ""})
	}
	if len(rows) > 0 {
		m.table([]string{"", "Cause", "Where", "Failures", "Recovered", "Confidence", "Who can act"}, rows)
	}
}

// sides are those on which there is something to change.
func (f *Finding) sides() string {
	var out []string
	for i := range f.Fixes {
		if s := f.Fixes[i].Side; !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

func (m *markdown) finding(n int, f *Finding, r *Report) {
	m.para(fmt.Sprintf("### %d. %s", n, escaped(upperFirst(f.Title))))
	m.para(fmt.Sprintf("%s, %s%s. Confidence: **%s**.", code(f.Cause), f.countText(r), escaped(scopeText(f.Scope)), f.Confidence))
	if f.When != "" {
		m.para("**When.** " + escaped(f.When) + ".")
	}
	if f.Where != nil {
		m.para("**Where.** " + escaped(f.Where.Fact) + ". Confidence: " + f.Where.Confidence + ".")
	}
	if f.FailureKind != nil {
		m.para("**Kind.** " + escaped(upperFirst(f.FailureKind.Text())) + ".")
	}
	m.para("**What happens.** " + escaped(f.Mechanism))
	m.para("**Why we say so**")
	var facts []string
	for _, e := range f.Evidence {
		facts = append(facts, "- "+escaped(e.Fact)+examples(e.Rows))
	}
	m.para(strings.Join(facts, "\n"))
	m.para("**What to do**")
	for i := range f.Fixes {
		m.fix(&f.Fixes[i])
	}
	m.rivals(f)
	m.para("**This would prove it wrong.** " + escaped(f.DisprovedBy))
}

// examples are the ids of requests to look up.
func examples(ids []string) string {
	var out []string
	for _, id := range ids[:min(2, len(ids))] {
		out = append(out, code(id))
	}
	if out == nil {
		return ""
	}
	return " (e.g. " + strings.Join(out, ", ") + ")"
}

func (m *markdown) fix(f *Fix) {
	m.para("- On the " + escaped(f.Side) + ": " + escaped(f.Change) + ". Saves " + escaped(expectedText(f.Expected)) + ".")
	if s := f.Commands.Causeway; s != "" {
		m.para("  Causeway: " + escaped(s))
	}
	if s := f.Commands.AzCLI; s != "" {
		m.para(block("sh", s))
	}
	if s := f.Commands.PowerShell; s != "" {
		m.para(block("powershell", s))
	}
	if s := f.Commands.Portal; s != "" {
		m.para("  Portal: " + escaped(s))
	}
}

func (m *markdown) rivals(f *Finding) {
	var lines []string
	for _, x := range f.RuledOut {
		lines = append(lines, "- not "+code(x.Cause)+": "+escaped(x.Because))
	}
	for _, x := range saidOnce(f.Rivals) {
		lines = append(lines, "- perhaps "+x.markdown())
	}
	if text := separateText(f.Separate, f.Rivals); text != "" {
		lines = append(lines, "- to separate: "+escaped(text))
	}
	if lines != nil {
		m.para("**Other causes that were considered**")
		m.para(strings.Join(lines, "\n"))
	}
}

func (m *markdown) undetermined(u *Undetermined) {
	if len(u.Groups) == 0 {
		return
	}
	m.para(fmt.Sprintf("### Cannot tell: %s", units.Count(u.Failures, "failure", "failures")))
	var lines []string
	for i := range u.Groups[:min(len(u.Groups), maxGroups)] {
		lines = append(lines, u.Groups[i].markdown()...)
	}
	if n := len(u.Groups) - maxGroups; n > 0 {
		lines = append(lines, fmt.Sprintf("- and %s: the JSON has them", units.Count(n, "smaller group", "smaller groups")))
	}
	m.para(strings.Join(lines, "\n"))
}

func (g *Open) markdown() []string {
	lines := []string{"- " + g.countText() + ", " + escaped(g.Scope.Text()) + examples(g.Rows)}
	if g.Where != nil {
		lines = append(lines, "  - where: "+escaped(g.Where.Fact)+"; confidence "+g.Where.Confidence)
	}
	if g.FailureKind != nil {
		lines = append(lines, "  - kind: "+escaped(g.FailureKind.Text()))
	}
	for _, x := range saidOnce(g.Rivals) {
		lines = append(lines, "  - perhaps "+x.markdown())
	}
	if n := len(g.AlsoPossible); n > 0 {
		lines = append(lines, fmt.Sprintf("  - and %d more: the JSON has them", n))
	}
	if text := separateText(g.Separate, g.Rivals); text != "" {
		lines = append(lines, "  - to separate: "+escaped(text))
	}
	if g.When != "" {
		lines = append(lines, "  - when: "+escaped(g.When))
	}
	return append(lines, "  - next: "+escaped(g.Next))
}

// markdown is a cause that it may be, with what speaks for or against it.
func (r Rival) markdown() string {
	return code(r.Cause) + escaped(strings.TrimPrefix(r.text(), r.Cause))
}

func (m *markdown) whatIf(w *WhatIf) {
	var rows [][]string
	for i := range w.Savings {
		s := &w.Savings[i]
		rows = append(rows, []string{escaped(s.what()), escaped(s.effect()), strconv.Itoa(s.Adds)})
	}
	if rows == nil {
		return
	}
	m.para("### What changes of settings would have done to these failures")
	m.table([]string{"Change", "Saves", "Would have failed instead"}, rows)
	if len(rows) > 1 {
		m.para(fmt.Sprintf("Together %d to %d: a failure that several of them would save counts once.", w.Together[0], w.Together[1]))
	}
}

func (m *markdown) notices(list []Notice) {
	var lines []string
	for _, n := range list {
		lines = append(lines, n.Fact+" ["+n.Cause+"]. "+n.Do+".")
	}
	m.bullets("Worth knowing, whether or not a request has failed because of it", lines)
}

func (m *markdown) followups(list []Followup) {
	if len(list) == 0 {
		return
	}
	m.para("### Since the earlier report")
	var rows [][]string
	for _, u := range list {
		rows = append(rows, []string{u.Result, escaped(u.Title) + " `" + u.Cause + "`", escaped(u.Why)})
	}
	m.table([]string{"result", "finding", "why"}, rows)
}

func (m *markdown) steps(steps []Step) {
	var rows [][]string
	for _, s := range steps {
		rows = append(rows, []string{escaped(s.Step), escaped(s.Result), escaped(s.Detail)})
	}
	m.para("### Steps")
	m.table([]string{"Step", "Result", "Detail"}, rows)
}

func (m *markdown) bullets(title string, list []string) {
	var lines []string
	for _, s := range list {
		lines = append(lines, "- "+escaped(s))
	}
	if lines != nil {
		m.para("### " + title)
		m.para(strings.Join(lines, "\n"))
	}
}

func (m *markdown) missing(list []Missing) {
	var lines []string
	for _, x := range list {
		lines = append(lines, "- "+escaped(x.What)+": "+escaped(x.Why)+".")
		if x.IsCommand() {
			lines = append(lines, "", block("sh", x.How))
		} else {
			lines = append(lines, "  Get it: "+escaped(x.How)+".")
		}
	}
	if lines != nil {
		m.para("### Missing evidence")
		m.para(strings.Join(lines, "\n"))
	}
}
