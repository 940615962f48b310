package report

import (
	_ "embed"
	"fmt"
	html "html/template"
	"io"
	"math"
	"unicode"

	"causeway/internal/cause"
	"causeway/internal/units"
)

//go:embed page.html
var pageSource string

// PictureStyle is the style sheet of the pictures, which others may show as well.
//
//go:embed picture.css
var PictureStyle string

var pageTemplate = html.Must(html.New("page").Parse(pageSource))

// HTML writes the report as one page with pictures. It needs nothing from elsewhere, and runs nothing.
func (r *Report) HTML(w io.Writer) error { return pageTemplate.Execute(w, r.page()) }

// page is the report as the template writes it down.
type page struct {
	*Report
	Title    string
	Headline string

	PictureStyle html.CSS

	Dots     string // how sure the verdict is, without colour
	Failed   string // share of the requests
	Sampled  string // that not every failure was looked at
	From, To string
	Timeline *chart
	Findings []findingView
	Groups   []groupView
	More     int // groups that are not shown
	Savings  []savingView
	Steps    []stepView
	Other    []*chart // pictures that belong to no finding
	Matrix   *matrixView
}

type findingView struct {
	Level string // where, and of what kind
	*Finding
	Heading string
	Number  int
	Count   string
	Percent float64
	Where   string
	Sides   string
	Dots    string // how sure, without colour
	Facts   []factView
	Charts  []*chart
	Fixes   []fixView
}

type factView struct {
	Fact string
	Rows []string
}

type fixView struct {
	*Fix
	Saves    string
	Commands []commandView
}

type commandView struct {
	Label string
	Text  string
	Prose bool
}

type groupView struct {
	Count    string
	Where    string
	Rivals   []rivalView
	Separate string
	Level    string // where, and of what kind
	Next     string
	When     string
	Rows     []string
}

type rivalView struct{ Cause, Title, Because, Against string }

type savingView struct {
	What, Effect string
	Adds         int
}

type stepView struct {
	Step
	Sign string
}

func (r *Report) page() *page {
	p := &page{
		Report: r,
		Title:  r.title(),

		PictureStyle: html.CSS(PictureStyle), // our own text

		Headline: r.claim(),
		Failed:   units.Percent(r.Failures, r.Requests),
		Sampled:  r.sampled(),
		From:     plainTime(r.Window.From),
		To:       plainTime(r.Window.To),
	}
	if r.Verdict != nil {
		p.Dots = dotsOf[r.Verdict.Confidence]
	}
	d := r.Draw()
	p.Timeline, p.Other, p.Matrix = d.Timeline, d.Other, d.Matrix
	for i := range r.Findings {
		p.Findings = append(p.Findings, r.findingView(i, d.Findings[i]))
	}
	u := &r.Undetermined
	for i := range u.Groups[:min(len(u.Groups), maxGroups)] {
		p.Groups = append(p.Groups, u.Groups[i].view())
	}
	p.More = max(0, len(u.Groups)-maxGroups)
	for i := range r.WhatIf.Savings {
		s := &r.WhatIf.Savings[i]
		p.Savings = append(p.Savings, savingView{s.what(), s.effect(), s.Adds})
	}
	for _, s := range r.Steps {
		p.Steps = append(p.Steps, stepView{s, signOf[s.Result]})
	}
	return p
}

// claim is the headline without what the page says beside it.
func (r *Report) claim() string {
	switch v := r.Verdict; {
	case v != nil && r.Failures > 0:
		return r.shareText() + r.whereText() + ": " + v.Title
	case v != nil:
		return fmt.Sprintf("No request failed, but retries hid %s: %s",
			units.Count(r.Recovered, "failed attempt", "failed attempts"), v.Title)
	}
	return r.Headline()
}

// upperFirst is a title as a heading.
func upperFirst(s string) string {
	if s == "" {
		return s
	}
	first := []rune(s)[:1]
	return string(unicode.ToUpper(first[0])) + s[len(string(first)):]
}

// title is what a browser shows on a tab.
func (r *Report) title() string {
	if r.Verdict != nil {
		return "Diagnosis: " + r.Verdict.Cause
	}
	return "Diagnosis: " + units.Count(r.Failures, "failure", "failures")
}

// plainTime is a time as people read it, to the second.
func plainTime(s string) string {
	if len(s) < len("2006-01-02T15:04:05") {
		return s
	}
	return s[:10] + " " + s[11:19]
}

func (r *Report) titles() map[string]string {
	out := map[string]string{}
	for i := range r.Findings {
		out[r.Findings[i].Cause] = r.Findings[i].Title
	}
	return out
}

var (
	signOf = map[string]string{"pass": "✓", "fail": "✗", "unknown": "?"}
	dotsOf = map[string]string{High: "●●●", Medium: "●●○", Low: "●○○"}
)

func (r *Report) findingView(i int, charts []*chart) findingView {
	f := &r.Findings[i]
	v := findingView{
		Finding: f, Heading: upperFirst(f.Title), Number: i + 1, Count: f.countText(r), Percent: math.Round(1000*f.Share) / 10,
		Where: f.Scope.Text(), Sides: f.sides(),
		Dots: dotsOf[f.Confidence], Charts: charts, Level: levelText(f.Where, f.FailureKind),
	}
	for _, e := range f.Evidence {
		v.Facts = append(v.Facts, factView{e.Fact, e.Rows[:min(2, len(e.Rows))]})
	}
	for i := range f.Fixes {
		x := &f.Fixes[i]
		v.Fixes = append(v.Fixes, fixView{x, expectedText(x.Expected), x.Commands.views()})
	}
	return v
}

// views are the forms that a fix has.
func (c Commands) views() []commandView {
	var out []commandView
	for _, x := range []commandView{
		{"Causeway", c.Causeway, true},
		{"Azure CLI", c.AzCLI, false},
		{"PowerShell", c.PowerShell, false},
		{"Portal", c.Portal, true},
	} {
		if x.Text != "" {
			out = append(out, x)
		}
	}
	return out
}

func (g *Open) view() groupView {
	v := groupView{Count: g.countText(), Where: g.Scope.Text(), Next: g.Next, When: g.When, Rows: g.Rows[:min(2, len(g.Rows))]}
	v.Separate, v.Level = separateText(g.Separate, g.Rivals), levelText(g.Where, g.FailureKind)
	for _, x := range saidOnce(g.Rivals) {
		title := ""
		if c := cause.Find(x.Cause); c != nil {
			title = c.Title
		}
		v.Rivals = append(v.Rivals, rivalView{x.Cause, title, x.Because, x.Against})
	}
	return v
}
