package lab

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"causeway/internal/cause"
	"causeway/internal/lab/scenarios"
	"causeway/internal/lab/stretch"
	"causeway/internal/report"
)

// Markdown is the whole measurement as a document.
func (a *Accuracy) Markdown() string {
	var b strings.Builder
	a.method(&b)
	a.shares(&b)
	a.levels(&b)
	a.calibration(&b)
	a.confusion(&b)
	a.disagreements(&b)
	notPlayed(&b)
	coverage(&b)
	return b.String()
}

func (a *Accuracy) method(b *strings.Builder) {
	failing, healthy, mixed, made := 0, 0, 0, 0
	for _, s := range scenarios.Scenarios() {
		switch {
		case len(s.Truth) == 0:
			healthy++
		case len(s.Truth) > 1:
			mixed++
		default:
			failing++
		}
		if s.Made {
			made++
		}
	}
	fmt.Fprintf(b, `# Accuracy

Written by `+"`make accuracy`"+`; do not edit. Counts vary a little from run to run and with the machine: real connections, real timers.

The lab plays failures whose cause is known, and traffic that has none: %d scenarios with one cause, %d with two, %d healthy ones, each
with %d seeds, which vary limits, sizes and times. What each leaves is diagnosed twice: by the full trace that Causeway writes, and by
what Azure would have exported of the same requests; half of these exports hold the gateway's own status in serverStatus where no member
answered, as nginx writes it. The same scenarios play through Debian's nginx as well, in two processes; its log is written in five forms
of Azure's exports, in turn. Mixtures are two scenarios at one time behind one such gateway. Behind both gateways a background of
scanners, other pages and clients that leave at once goes on; %d scenarios, whose cause other requests would end, do without it at
Causeway's. %d scenarios are made evidence: exports that code has written in Azure's forms, for what a lab cannot show. No rule of the
diagnosis knows a constant of a scenario.

The timers of the lab are 1–3 s, so that a play takes seconds. Azure's exports stamp whole seconds, which say nothing against such
timers. So everything in Azure's form is written as if the play had been %d times slower: stamps, durations, and the timers of the
document. The full trace is as it was. [Decision 22](decisions/0022-exports-are-at-the-scale-of-production.md) says what this distorts.

- **told**: every cause at work is named and nothing else. For a healthy scenario: nothing is named and nothing failed.
- **left open**: nothing wrong is named, and the cause is among what the failures may be.
- **not told**: nothing wrong is named, and the cause is not among what they may be.
- **wrong suspicion**: something else is named, with low confidence.
- **wrong and confident**: something else is named with medium or high confidence. This must be zero.

`, failing, mixed, healthy, a.Seeds, len(withoutBackground), made, stretch.Factor)
	for _, f := range a.Failed {
		fmt.Fprintf(b, "Not played: %s.\n\n", f)
	}
}

// shares is the table of outcomes by kind of evidence.
func (a *Accuracy) shares(b *strings.Builder) {
	b.WriteString("## Outcomes\n\n| evidence | scenarios | judgements |")
	for _, o := range outcomes {
		b.WriteString(" " + o + " |")
	}
	b.WriteString("\n|---|---|--:|" + strings.Repeat("--:|", len(outcomes)) + "\n")
	for _, f := range fidelities {
		for _, healthy := range []bool{false, true} {
			count, n := map[string]int{}, 0
			for _, v := range a.views() {
				if v.fidelity == f && (len(v.r.Truth) == 0) == healthy {
					count[v.outcome]++
					n++
				}
			}
			kind := "failing"
			if healthy {
				kind = "healthy"
			}
			fmt.Fprintf(b, "| %s | %s | %d |", f, kind, n)
			for _, o := range outcomes {
				fmt.Fprintf(b, " %d (%s) |", count[o], share(count[o], n))
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("\n")
}

// levels is the table of how often where and kind are right, of plays in which something failed.
func (a *Accuracy) levels(b *strings.Builder) {
	b.WriteString("## Levels of the verdict\n\n*Where*: the report names the place of the failures, and none if they are spread over all. *Kind*: the kinds that it names hold for\nnine tenths of the failures, and none is among them that the evidence excludes. Of a mixture both must be right for each cause.\n\n| evidence | judgements | where right | kind right | cause told or left open | wrong and confident |\n|---|--:|--:|--:|--:|--:|\n")
	for _, f := range fidelities {
		n, where, kind, cause, misled := 0, 0, 0, 0, 0
		for _, v := range a.views() {
			if v.fidelity != f || len(v.r.Truth) == 0 || v.j.Report.Failures == 0 {
				continue
			}
			n++
			where += count(v.j.Levels.Where)
			kind += count(v.j.Levels.Kind)
			cause += count(v.outcome == told || v.outcome == leftOpen)
			misled += count(v.outcome == misleading)
		}
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s | %d |\n", f, n, share(where, n), share(kind, n), share(cause, n), misled)
	}
	b.WriteString("\n")
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// notPlayed lists the scenarios that nginx does not play, with the reason.
func notPlayed(b *strings.Builder) {
	b.WriteString("## Not played through nginx\n\n| scenario | why |\n|---|---|\n")
	for _, s := range scenarios.Scenarios() {
		if plays, why := ThroughNginx(s); !plays && !s.Made {
			fmt.Fprintf(b, "| %s | %s |\n", s.Name, why)
		}
	}
	b.WriteString("\n")
}

func share(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(part)/float64(whole))
}

// calibration is how often findings of each confidence are right.
func (a *Accuracy) calibration(b *strings.Builder) {
	b.WriteString("## Calibration\n\nHow many findings were right, by the confidence that they were given.\n\n| confidence |")
	for _, f := range fidelities {
		b.WriteString(" " + f + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", len(fidelities)) + "\n")
	for _, word := range []string{report.High, report.Medium, report.Low} {
		fmt.Fprintf(b, "| %s |", word)
		for _, fidelity := range fidelities {
			right, n := 0, 0
			for _, v := range a.views() {
				if v.fidelity != fidelity {
					continue
				}
				for _, f := range v.j.Report.Findings {
					if f.Confidence == word {
						n++
						if known(f, v.r.Truth) {
							right++
						}
					}
				}
			}
			fmt.Fprintf(b, " %d of %d (%s) |", right, n, share(right, n))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// confusion is the matrix of what was at work and what the diagnosis named, without its empty cells.
func (a *Accuracy) confusion(b *strings.Builder) {
	type cell struct{ truth, said string }
	counts := map[cell]map[string]int{}
	add := func(truth, said, fidelity string) {
		c := cell{truth, said}
		if counts[c] == nil {
			counts[c] = map[string]int{}
		}
		counts[c][fidelity]++
	}
	for _, v := range a.views() {
		for truth, said := range v.said() {
			for _, s := range said {
				add(truth, s, v.fidelity)
			}
		}
	}
	var cells []cell
	for c := range counts {
		cells = append(cells, c)
	}
	slices.SortFunc(cells, func(x, y cell) int { return cmp.Or(cmp.Compare(x.truth, y.truth), cmp.Compare(x.said, y.said)) })
	b.WriteString("## Confusion matrix\n\nWhat was at work, and what the diagnosis named: the cells that are not zero, counted in judgements. *also true* is a cause that\nthe scenario brings about as well.\n\n| at work | said |")
	for _, f := range fidelities {
		b.WriteString(" " + f + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("--:|", len(fidelities)) + "\n")
	for _, c := range cells {
		fmt.Fprintf(b, "| %s | %s |", c.truth, c.said)
		for _, f := range fidelities {
			n := ""
			if counts[c][f] > 0 {
				n = fmt.Sprint(counts[c][f])
			}
			b.WriteString(" " + n + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// disagreements are all judgements that neither tell nor leave open what is at work, each once for all its seeds.
func (a *Accuracy) disagreements(b *strings.Builder) {
	type key struct{ scenario, fidelity, outcome, why string }
	var order []key
	seeds := map[key][]string{}
	for _, v := range a.views() {
		if v.outcome == told || v.outcome == leftOpen {
			continue
		}
		k := key{v.r.Scenario, v.fidelity, v.outcome, v.why()}
		if seeds[k] == nil {
			order = append(order, k)
		}
		seeds[k] = append(seeds[k], fmt.Sprint(v.r.Seed))
	}
	b.WriteString("## Disagreements\n\n")
	if len(order) == 0 {
		b.WriteString("None.\n\n")
		return
	}
	b.WriteString("| scenario | evidence | outcome | seeds | what it named |\n|---|---|---|---|---|\n")
	for _, k := range order {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", k.scenario, k.fidelity, k.outcome, strings.Join(seeds[k], ", "), k.why)
	}
	b.WriteString("\n")
}

// coverage lists every cause that a trace can decide, with the scenarios that play it or why none does.
func coverage(b *strings.Builder) {
	by := scenariosByCause()
	b.WriteString("## Causes that a trace can decide\n\nEach with the scenarios in which it is at work, or with why there is none.\n\n| cause | scenarios |\n|---|---|\n")
	for _, c := range cause.All() {
		if c.Trace != "H" {
			continue
		}
		text := strings.Join(by[c.ID], ", ")
		if text == "" {
			text = "none: " + scenarios.NotSimulated[c.ID]
		}
		fmt.Fprintf(b, "| %s | %s |\n", c.ID, text)
	}
}

// scenariosByCause are the names of the scenarios in which a cause is at work, be it in consequence of another.
func scenariosByCause() map[string][]string {
	out := map[string][]string{}
	add := func(id, name string) {
		if !slices.Contains(out[id], name) {
			out[id] = append(out[id], name)
		}
	}
	for _, s := range scenarios.Scenarios() {
		for _, t := range s.Truth {
			add(t.Cause, s.Name)
			if slices.Contains(consequences, t.Cause) {
				continue
			}
			for _, id := range t.Also {
				if slices.Contains(consequences, id) {
					add(id, s.Name)
				}
			}
		}
	}
	return out
}

// consequences are causes that are never at work alone: another one brings them about.
var consequences = []string{"a-all-unhealthy-fail-closed", "c-restart"}
