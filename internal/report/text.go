package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"causeway/internal/cause"
	"causeway/internal/units"
)

// Text writes the report for someone who was just woken: the verdict, whose it is, what to do; then why; then what is
// not known. width is in columns.
func (r *Report) Text(w io.Writer, width int) error {
	return r.print(&Printer{W: w, Width: max(width, 60)})
}

func (r *Report) print(p *Printer) error {
	p.headline(r)
	first := r.openFirst()
	if first {
		p.undetermined(&r.Undetermined)
	}
	for i := range r.Findings {
		p.finding(i+1, &r.Findings[i], r)
	}
	p.metered(r.MetricsSummary)
	if !first {
		p.undetermined(&r.Undetermined)
	}
	p.whatIf(&r.WhatIf)
	p.followups(r.Before)
	p.steps(r.Steps)
	p.notices(r.Notices)
	p.Assumptions(r.Assumptions)
	p.Missing(r.Missing)
	return p.Err
}

// ColourText is Text with colours for a terminal. Without its escape codes it is the same.
func (r *Report) ColourText(w io.Writer, width int) error {
	return r.print(&Printer{W: w, Width: max(width, 60), colour: true})
}

func (p *Printer) headline(r *Report) {
	p.set(look{text: bold}, "", r.Headline())
	if r.Requests > 0 {
		p.Wrapped("", r.totals())
	}
	if text := r.sampled(); text != "" {
		p.Wrapped("", text)
	}
}

// countText is how much of all a finding explains.
func (f *Finding) countText(r *Report) string {
	if r.Requests == 0 {
		return "no request shows its effect"
	}
	text := fmt.Sprintf("%d of %d failures", f.Failures, r.Failures)
	if f.Recovered > 0 {
		text += fmt.Sprintf(", %d recovered", f.Recovered)
	}
	return text
}

func (p *Printer) finding(n int, f *Finding, r *Report) {
	p.Line("")
	p.set(look{lead: bold, text: bold}, fmt.Sprintf("%d. ", n), fmt.Sprintf("%s  [%s]", f.Title, f.Cause))
	p.Wrapped("   ", f.countText(r)+scopeText(f.Scope)+". Confidence: "+f.Confidence+".")
	if f.When != "" {
		p.Wrapped("   When: ", f.When+".")
	}
	p.levels("   ", f.Where, f.FailureKind)
	p.Wrapped("   What happens: ", f.Mechanism)
	p.Line("   Why we say so:")
	for _, e := range f.Evidence {
		p.Wrapped("     - ", e.Fact)
		if len(e.Rows) > 0 {
			p.Wrapped("       ", "e.g. "+strings.Join(e.Rows[:min(2, len(e.Rows))], " "))
		}
	}
	for _, s := range r.Pictures.idleAgesOf(f) {
		p.idleAges(s)
	}
	p.Line("   What to do:")
	for i := range f.Fixes {
		p.fix(&f.Fixes[i])
	}
	for _, x := range f.RuledOut {
		p.Wrapped("   Not "+x.Cause+": ", x.Because)
	}
	for _, x := range saidOnce(f.Rivals) {
		p.Wrapped("   Perhaps ", x.text())
	}
	if more := More(f.AlsoPossible); more != "" {
		p.Wrapped("   ", more)
	}
	if text := separateText(f.Separate, f.Rivals); text != "" {
		p.Wrapped("   To separate: ", text)
	}
	p.Wrapped("   This would prove it wrong: ", f.DisprovedBy)
}

func scopeText(s Scope) string {
	if s == (Scope{}) {
		return ""
	}
	return "; " + s.Text()
}

// Text is the scope in words.
func (s Scope) Text() string {
	var parts []string
	for _, x := range [][2]string{
		{"pool", s.Pool},
		{"settings", s.Settings},
		{"member", s.Member},
		{"path", s.Path},
		{"instance", s.Instance},
	} {
		if x[1] != "" {
			parts = append(parts, x[0]+" "+x[1])
		}
	}
	if len(parts) == 0 {
		return "the whole gateway"
	}
	return strings.Join(parts, ", ")
}

func (p *Printer) fix(f *Fix) {
	p.Wrapped("     - on the "+f.Side+": ", f.Change)
	for _, l := range f.Commands.Lines() {
		p.Line("         " + l.Tool + ": " + l.Command) // not wrapped: it is to be copied
	}
	p.Wrapped("       saves: ", expectedText(f.Expected))
}

func expectedText(e Expected) string {
	text := ""
	switch {
	case e.Basis == "unknown":
		text = "not known"
	case e.Removes[0] == e.Removes[1]:
		text = fmt.Sprintf("%d of these (%s)", e.Removes[0], e.Basis)
	default:
		text = fmt.Sprintf("%d to %d of these (%s)", e.Removes[0], e.Removes[1], e.Basis)
	}
	if e.Note != "" {
		text += "; " + e.Note
	}
	return text
}

// maxGroups is how many groups of undetermined failures the text lists; the JSON has all.
const maxGroups = 8

func (p *Printer) undetermined(u *Undetermined) {
	if len(u.Groups) == 0 {
		return
	}
	p.Line("")
	p.Line(fmt.Sprintf("Cannot tell: %s", units.Count(u.Failures, "failure", "failures")))
	for i := range u.Groups[:min(len(u.Groups), maxGroups)] {
		p.open(&u.Groups[i])
	}
	if n := len(u.Groups) - maxGroups; n > 0 {
		p.Line(fmt.Sprintf("  and %d smaller groups: -o json has them", n))
	}
}

// open writes one group of failures with the same possible causes.
func (p *Printer) open(g *Open) {
	p.Wrapped("  - ", g.countText()+", "+g.Scope.Text())
	if g.When != "" {
		p.Wrapped("      when: ", g.When)
	}
	p.levels("      ", g.Where, g.FailureKind)
	for _, x := range saidOnce(g.Rivals) {
		p.Wrapped("      perhaps ", x.text())
	}
	if more := More(g.AlsoPossible); more != "" {
		p.Wrapped("      ", more)
	}
	if text := separateText(g.Separate, g.Rivals); text != "" {
		p.Wrapped("      to separate: ", text)
	}
	p.Wrapped("      next: ", g.Next)
	if len(g.Rows) > 0 {
		p.Wrapped("      e.g. ", strings.Join(g.Rows[:min(2, len(g.Rows))], " "))
	}
}

// MaxRivals is how many possible causes a finding or a group has beside what is also possible.
const MaxRivals = 4

// More says how many causes are possible beside those listed, and where they stand.
func More(others []Rival) string {
	if len(others) == 0 {
		return ""
	}
	doubted := 0
	for _, r := range others {
		if r.Against != "" {
			doubted++
		}
	}
	text := fmt.Sprintf("and %d more", len(others))
	if doubted > 0 {
		text += fmt.Sprintf(", %d of which something speaks against", doubted)
	}
	return text + ": causeway diagnose … -o json lists them with the test for each"
}

// sameReason stands for the reason of the rival before.
const sameReason = "likewise"

// saidOnce shortens the reasons of rivals that repeat the one before.
func saidOnce(rivals []Rival) []Rival {
	out := slices.Clone(rivals)
	for i := 1; i < len(out); i++ {
		if b := rivals[i].Because; b != "" && b == rivals[i-1].Because {
			out[i].Because = sameReason
		}
	}
	return out
}

// text is a cause that it may be, with what speaks for or against it.
func (r Rival) text() string {
	text := r.Cause
	if c := cause.Find(r.Cause); c != nil {
		text += ": " + c.Title
	}
	switch {
	case r.Because == sameReason:
		text += "; " + sameReason
	case r.Because != "":
		text += "; for it: " + r.Because
	case r.Against != "":
		text += "; less likely: " + r.Against
	}
	return text
}

// separateText is the look that tells the two likeliest causes apart; without one of its own, the test of the first.
func separateText(separate string, rivals []Rival) string {
	if separate == "" && len(rivals) > 0 {
		return rivals[0].Test
	}
	return separate
}

func (g *Open) countText() string {
	text := strconv.Itoa(g.Failures)
	if g.Recovered > 0 {
		text += fmt.Sprintf(" and %d recovered", g.Recovered)
	}
	return text
}

// metered writes what the metrics alone show.
func (p *Printer) metered(m *MetricsSummary) {
	if m == nil {
		return
	}
	p.Line("")
	p.Line("By the metrics, " + m.Window.From + " to " + m.Window.To + ":")
	for _, l := range m.Lines() {
		p.Wrapped("  - ", l)
	}
}

func (p *Printer) steps(steps []Step) {
	p.Line("")
	p.Line("Steps:")
	for _, s := range steps {
		p.set(look{lead: colourOf[s.Result]}, fmt.Sprintf("  %-7s %-20s ", s.Result, s.Step), s.Detail)
	}
}

// Missing lists the evidence that is missing, each with how to get it.
func (p *Printer) Missing(list []Missing) {
	for _, m := range list {
		p.Line("")
		p.Wrapped("Missing: ", m.What+": "+m.Why)
		if m.IsCommand() {
			p.Line("  get it: " + m.How) // not wrapped: it is to be copied
		} else {
			p.Wrapped("  get it: ", m.How)
		}
	}
}

// Assumptions lists what the report takes for granted.
func (p *Printer) Assumptions(list []string) {
	for _, a := range list {
		p.Line("")
		p.Wrapped("Assumed: ", a)
	}
}

// what is changed.
func (s *Saving) what() string {
	what := s.Setting
	if s.Scope != (Scope{}) {
		what += " of " + s.Scope.Text()
	}
	if s.To != "" {
		what += ", " + s.From + " → " + s.To
	}
	return what
}

func (s *Saving) effect() string {
	return expectedText(Expected{Removes: s.Removes, Basis: s.Basis, Note: s.Note})
}

func (p *Printer) whatIf(w *WhatIf) {
	if len(w.Savings) == 0 {
		return
	}
	p.Line("")
	p.Line("What changes of settings would have done to these failures:")
	for _, s := range w.Savings {
		p.Wrapped("  - ", s.what()+": "+s.effect())
		if s.Adds > 0 {
			p.Wrapped("    ", fmt.Sprintf("and %d successful requests would have failed", s.Adds))
		}
	}
	if len(w.Savings) > 1 {
		p.Wrapped("  ", fmt.Sprintf("together %d to %d: a failure that several of them would save counts once", w.Together[0],
			w.Together[1]))
	}
}

func (p *Printer) followups(list []Followup) {
	if len(list) == 0 {
		return
	}
	p.Line("")
	p.Line("Since the earlier report:")
	for _, u := range list {
		p.Wrapped(fmt.Sprintf("  %-11s ", u.Result), fmt.Sprintf("%s (%s): %s; before it were %d of %d requests", u.Title, u.Cause, u.Why,
			u.Before.Failures, u.Before.Requests))
	}
}

func (p *Printer) notices(list []Notice) {
	if len(list) == 0 {
		return
	}
	p.Line("")
	p.Line("Worth knowing, whether or not a request has failed because of it:")
	for _, n := range list {
		p.Wrapped("  - ", n.Fact+" ["+n.Cause+"]. "+n.Do+".")
	}
}
