package diagnose

import (
	"slices"
	"strings"

	"causeway/internal/cause"
	"causeway/internal/report"
)

// levels holds the places and kinds of a report against its counts.
func (c *contradictor) levels() {
	all := c.r.Failures
	if n, alone := hiddenAlone(c.q); alone {
		all = n
	}
	c.level("the report", c.r.Where, c.r.FailureKind, all, len(c.q.Traffic.Events) > 0)
	for i := range c.r.Findings {
		f := &c.r.Findings[i]
		c.level(f.Cause, f.Where, f.FailureKind, f.Failures+f.Recovered, f.Failures+f.Recovered > 0 && f.Contributing == 0)
		c.rivals(f.Cause, f.Rivals, f.AlsoPossible)
	}
	for i := range c.r.Undetermined.Groups {
		g := &c.r.Undetermined.Groups[i]
		c.level("an open group", g.Where, g.FailureKind, g.Failures+g.Recovered, g.Failures+g.Recovered > 0)
		c.rivals("an open group", g.Rivals, g.AlsoPossible)
		c.parts(g)
	}
	if v, x := c.r.Verdict, c.r.Cause; (v == nil) != (x == nil) || v != nil && (v.Cause != x.Cause || v.Confidence != x.Confidence) {
		c.says("the verdict and the level of the cause differ: %+v, %+v", v, x)
	}
}

// level checks one place and one kind; all is how many failures there are.
func (c *contradictor) level(who string, w *report.Where, k *report.FailureKind, all int, must bool) {
	sampled := c.q.Traffic.Sample.Shift > 0 // counts are scaled then
	if w != nil && (w.Failures > w.Of || w.Failures == 0 || w.Of != all && !sampled) {
		c.says("%s: %d of %d failures lie at %s, and there are %d", who, w.Failures, w.Of, w.Text(), all)
	}
	if w != nil && (w.Text() == "" || !strings.Contains(w.Fact, w.Text())) {
		c.says("%s: the fact does not name the place: %q", who, w.Fact)
	}
	if k == nil {
		if must {
			c.says("%s does not say what kind its failures are", who)
		}
		return
	}
	if len(k.Kinds) == 0 || k.Failures > k.Of || 10*k.Failures < 9*k.Of || k.Of > all && !sampled {
		c.says("%s: kinds %v of %d of %d failures, and there are %d", who, k.Kinds, k.Failures, k.Of, all)
	}
	for _, kind := range k.Kinds {
		if !slices.Contains(cause.FailureKinds(), kind) {
			c.says("%s: there is no kind %q", who, kind)
		}
	}
}

// rivals checks that there are few, and that the others are others.
func (c *contradictor) rivals(who string, likeliest, others []report.Rival) {
	if len(likeliest) > report.MaxRivals {
		c.says("%s has %d rivals", who, len(likeliest))
	}
	for _, x := range others {
		if slices.ContainsFunc(likeliest, func(r report.Rival) bool { return r.Cause == x.Cause }) {
			c.says("%s lists %s twice", who, x.Cause)
		}
	}
}

// parts checks that the parts of a group add up to it.
func (c *contradictor) parts(g *report.Open) {
	if len(g.Parts) == 0 || c.q.Traffic.Sample.Shift > 0 {
		return
	}
	sum := report.Part{}
	for _, p := range g.Parts {
		sum.Failures, sum.Recovered = sum.Failures+p.Failures, sum.Recovered+p.Recovered
	}
	if sum.Failures != g.Failures || sum.Recovered != g.Recovered {
		c.says("the parts of a group have %d and %d failures, and the group %d and %d", sum.Failures, sum.Recovered, g.Failures,
			g.Recovered)
	}
}
