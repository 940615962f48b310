package lab

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"causeway/internal/cause"
	"causeway/internal/lab/scenarios"
	"causeway/internal/lab/stage"
	"causeway/internal/lab/stretch"
	"causeway/internal/report"
)

// Accuracy is how the diagnosis did over scenarios and seeds.
type Accuracy struct {
	Seeds   int
	Results []*Result // by Causeway's own data plane, and of made evidence
	Nginx   []*Result // with nginx as the gateway
	Mixed   []*Result // two scenarios at a time, with nginx as the gateway
	Failed  []string  // what could not be played, and why
}

// Measure plays scenarios with so many seeds from the first on, and tells each outcome as it comes.
func Measure(ctx context.Context, some []stage.Scenario, first uint64, seeds int, tell func(stage.Scenario, *Result, error)) *Accuracy {
	a := &Accuracy{Seeds: seeds}
	for seed := first; seed < first+uint64(seeds); seed++ {
		PlayAll(ctx, some, seed, AtOnce, func(s stage.Scenario, r *Result, err error) {
			if err != nil {
				a.Failed = append(a.Failed, fmt.Sprintf("%s, seed %d: %v", s.Name, seed, err))
			} else {
				a.Results = append(a.Results, r)
			}
			tell(s, r, err)
		})
	}
	a.measureNginx(ctx, some, first, seeds, tell)
	order := map[string]int{}
	for i, s := range scenarios.Scenarios() {
		order[s.Name] = i
	}
	for _, results := range [][]*Result{a.Results, a.Nginx, a.Mixed} {
		slices.SortStableFunc(results, func(x, y *Result) int {
			return cmp.Or(cmp.Compare(order[x.Scenario], order[y.Scenario]), cmp.Compare(x.Scenario, y.Scenario),
				cmp.Compare(x.Seed, y.Seed))
		})
	}
	slices.Sort(a.Failed)
	return a
}

// mixturesMeasured is how many pairs of scenarios a measurement plays together.
const mixturesMeasured = 30

// measureNginx plays what nginx can play, with every seed, and mixtures with the first.
func (a *Accuracy) measureNginx(ctx context.Context, some []stage.Scenario, first uint64, seeds int,
	tell func(stage.Scenario, *Result, error),
) {
	keep := func(name string, seed uint64, into *[]*Result, s stage.Scenario, r *Result, err error) {
		if err != nil {
			a.Failed = append(a.Failed, fmt.Sprintf("%s through nginx, seed %d: %v", name, seed, err))
		} else {
			*into = append(*into, r)
		}
		tell(s, r, err)
	}
	for seed := first; seed < first+uint64(seeds); seed++ {
		PlayAllNginx(ctx, some, seed, "", func(s stage.Scenario, r *Result, err error) { keep(s.Name, seed, &a.Nginx, s, r, err) })
	}
	PlayAllMixtures(ctx, Mixtures(some, mixturesMeasured, first), first, "", func(m Mixture, r *Result, err error) {
		keep(m.Name(), first, &a.Mixed, stage.Scenario{Name: m.Name()}, r, err)
	})
}

// Plays is how many plays a measurement of scenarios takes.
func Plays(some []stage.Scenario, first uint64, seeds int) int {
	n := seeds * len(some)
	for _, s := range some {
		if plays, _ := ThroughNginx(s); plays {
			n += seeds
		}
	}
	return n + len(Mixtures(some, mixturesMeasured, first))
}

// Outcomes of a diagnosis, from good to bad.
const (
	told       = "told"                // every truth is named, and nothing else
	leftOpen   = "left open"           // nothing else is named, and the truth is among what it may be
	notTold    = "not told"            // nothing else is named, and the truth is not among what it may be
	suspected  = "wrong suspicion"     // something else is named, with low confidence
	misleading = "wrong and confident" // something else is named with more than that
)

var outcomes = []string{told, leftOpen, notTold, suspected, misleading}

// outcome says in a word how a judgement came out.
func (r *Result) outcome(j *Judgement) string {
	others := slices.ContainsFunc(j.Report.Findings, func(f report.Finding) bool { return !known(f, r.Truth) })
	switch {
	case j.Wrong:
		return misleading
	case others:
		return suspected
	case len(r.Truth) == 0 && j.Report.Failures+j.Report.Recovered > 0:
		return notTold // something failed that should not have
	case len(missed(j.Report, r.Truth)) == 0:
		return told
	case j.Left:
		return leftOpen
	}
	return notTold
}

// Misled is how many judgements were wrong and confident.
func (a *Accuracy) Misled() int {
	n := 0
	for _, v := range a.views() {
		if v.outcome == misleading {
			n++
		}
	}
	return n
}

// view is one judgement of one result.
type view struct {
	r        *Result
	j        *Judgement
	fidelity string
	outcome  string
}

const (
	byTrace = "full trace"
	byAzure = "what Azure exports"
	byMade  = "made evidence"
	byNginx = "nginx as the gateway"
	byMixed = "mixtures through nginx"
)

func (a *Accuracy) views() []view {
	var out []view
	for _, r := range a.Results {
		if r.Made {
			out = append(out, view{r, &r.Judgement, byMade, r.outcome(&r.Judgement)})
			continue
		}
		out = append(out, view{r, &r.Judgement, byTrace, r.outcome(&r.Judgement)}, view{r, &r.Azure, byAzure, r.outcome(&r.Azure)})
	}
	for _, r := range a.Nginx {
		out = append(out, view{r, &r.Azure, byNginx, r.outcome(&r.Azure)})
	}
	for _, r := range a.Mixed {
		out = append(out, view{r, &r.Azure, byMixed, r.outcome(&r.Azure)})
	}
	return out
}

var fidelities = []string{byTrace, byAzure, byNginx, byMixed, byMade}

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

// said is what a judgement says for each truth. What is no truth at all stands beside the first.
func (v view) said() map[string][]string {
	out := map[string][]string{}
	say := func(truth, what string) {
		if !slices.Contains(out[truth], what) {
			out[truth] = append(out[truth], what)
		}
	}
	first := "nothing"
	if len(v.r.Truth) > 0 {
		first = v.r.Truth[0].Cause
	}
	lost := missed(v.j.Report, v.r.Truth)
	for _, t := range v.r.Truth {
		switch {
		case !slices.Contains(lost, t.Cause):
			say(t.Cause, "the same")
		case leavesOpen(v.j.Report, t.Cause):
			say(t.Cause, "left open")
		default:
			say(t.Cause, "not told")
		}
	}
	for _, f := range v.j.Report.Findings {
		switch i := slices.IndexFunc(v.r.Truth, func(t stage.Truth) bool { return slices.Contains(t.Also, f.Cause) }); {
		case slices.ContainsFunc(v.r.Truth, func(t stage.Truth) bool { return t.Cause == f.Cause }):
			if !known(f, v.r.Truth) {
				say(f.Cause, "the same, at another member")
			}
		case i >= 0:
			say(v.r.Truth[i].Cause, f.Cause+" (also true)")
		default:
			say(first, "**"+f.Cause+"** ("+f.Confidence+")")
		}
	}
	if len(v.r.Truth) == 0 && len(v.j.Report.Findings) == 0 {
		say(first, "nothing")
	}
	return out
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

// why is what a judgement says, and what is known about why it says no more.
func (v view) why() string {
	var parts []string
	for _, f := range v.j.Report.Findings {
		if s := f.Cause + " " + f.Confidence; !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	slices.Sort(parts)
	text := strings.Join(parts, ", ")
	switch {
	case len(parts) == 0 && v.j.Report.Failures+v.j.Report.Recovered == 0:
		text = "nothing failed"
	case len(parts) == 0:
		text = "undetermined"
	}
	if v.r.Known != "" {
		text += "; " + v.r.Known
	}
	return text
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
