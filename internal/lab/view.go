package lab

import (
	"slices"
	"strings"

	"causeway/internal/lab/stage"
)

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
