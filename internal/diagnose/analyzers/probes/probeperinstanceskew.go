package probes

import (
	"fmt"
	"slices"
	"strings"

	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// PerInstanceSkew recognises a-probe-per-instance-skew: one instance has members down that the others have up.
var PerInstanceSkew = inference.Analyzer{
	Name: "a-probe-per-instance-skew", Requires: inference.Log,
	Doc: "one instance found no healthy member of a pool while others served it: by the views of the instances where backend health has them, else by how the failures lie",
	Run: perInstanceSkew,
}

// perInstanceSkew: every instance probes for itself, so one may take out what serves the others.
func perInstanceSkew(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Fault.Kind == fault.NoHealthy && e.Instance != "" }),
		(*traffic.Event).PoolKey)
	for _, k := range keys {
		instances, byInstance := traffic.GroupBy(groups[k], func(e *traffic.Event) string { return e.Instance })
		for _, name := range instances {
			events := byInstance[name]
			alone := traffic.Filter(events, func(e *traffic.Event) bool { return aloneWith(c, e) })
			blind, alone := traffic.Partition(alone, func(e *traffic.Event) bool { _, ok := c.Traffic.StalledOut(e); return ok })
			if len(blind) > 0 {
				claimBlind(c, name, blind)
			}
			if len(alone) > 0 {
				claimSkew(c, name, alone, report.High, "backend-health", viewsThen(c, alone[0]))
			}
		}
		if !haveViews(c, k) {
			skewByPlace(c, k, byInstance)
		}
	}
}

// aloneWith reports whether by the views of the instances the one of an event had all members of its pool down, and another had some up.
func aloneWith(c *inference.Case, e *traffic.Event) bool {
	down, others := 0, false
	for _, t := range c.Traffic.HistoriesUnder(e.Pool, e.Settings) {
		for i := range t.Views {
			v := &t.Views[i]
			state, known := v.At(e.At)
			switch {
			case !known:
			case v.Instance != e.Instance:
				others = others || state.Up
			case state.Up:
				return false
			default:
				down++
			}
		}
	}
	return down > 0 && others
}

// viewsThen says how the instances saw the members of an event's pool.
func viewsThen(c *inference.Case, e *traffic.Event) string {
	var parts []string
	for _, t := range c.Traffic.HistoriesUnder(e.Pool, e.Settings) {
		up := 0
		own := ""
		for i := range t.Views {
			state, known := t.Views[i].At(e.At)
			switch {
			case known && state.Up:
				up++
			case known && t.Views[i].Instance == e.Instance:
				own = Text(state)
			}
		}
		if own != "" {
			parts = append(parts, fmt.Sprintf("%s: %s has it %s, and %d of %d instances have it up",
				t.Member, e.Instance, own, up, len(t.Views)))
		}
	}
	return strings.Join(parts, "; ")
}

// haveViews reports whether backend health has the view of each instance on a pool.
func haveViews(c *inference.Case, k traffic.PoolKey) bool {
	return slices.ContainsFunc(c.Traffic.HistoriesUnder(k.Pool, k.Settings), func(t *health.History) bool { return len(t.Views) > 0 })
}

// skewByPlace goes by the log alone: the pool answered meanwhile, and all of its failures are on one instance.
func skewByPlace(c *inference.Case, k traffic.PoolKey, byInstance map[string][]*traffic.Event) {
	if len(c.Traffic.Instances) < 2 || len(byInstance) > 1 {
		return
	}
	exposure := map[string]int{}
	for name, cell := range c.Traffic.Instances {
		exposure[name] = cell.Requests
	}
	for _, s := range inference.StandsOut(exposure, byInstance) {
		events := byInstance[s.Key]
		answers := c.Traffic.AnsweredBetween(k, events[0].Start, events[len(events)-1].At)
		if len(events) < stats.MinEvents || answers < len(events) {
			continue
		}
		claimSkew(c, s.Key, events, report.Medium, "access-log",
			fmt.Sprintf("the pool answered %d requests meanwhile, and no other instance found it without a healthy member", answers))
	}
}

func claimSkew(c *inference.Case, instance string, events []*traffic.Event, confidence, source, fact string) {
	scope := report.Scope{Pool: events[0].Pool, Settings: events[0].Settings, Instance: instance}
	f := c.Claim("a-probe-per-instance-skew", events, scope, confidence)
	f.AddEvidence("access-log", fmt.Sprintf("%d requests to %s on instance %s found no healthy member", len(events),
		inference.PoolName(events[0].Pool), instance), events...)
	f.AddEvidence(source, fact)
	f.RuleOut("a-all-unhealthy-fail-closed", "other instances served the pool at the same time")
	f.AddRivals("h-instance-fault")
	f.SetExpected("backend", len(events), len(events), "bounded", "the other instances reach the members")
	c.Expand(map[string]string{"instance": instance}, f)
}

// claimBlind: an instance that did not get to run while it probed knows nothing of its way to the members.
func claimBlind(c *inference.Case, instance string, events []*traffic.Event) {
	scope := report.Scope{Pool: events[0].Pool, Settings: events[0].Settings, Instance: instance}
	f := c.Claim("h-goroutine-or-lock-stall", events, scope, report.High)
	f.AddEvidence("access-log", fmt.Sprintf("%d requests to %s on instance %s found no healthy member", len(events),
		inference.PoolName(events[0].Pool), instance), events...)
	f.AddEvidence("backend-health", viewsThen(c, events[0]))
	f.RuleOut("a-probe-per-instance-skew", "the instance stood still while it probed, so that its probes say nothing of its way to the members")
	f.AddOpenRivals("h-cpu", "h-capacity-max")
	f.SetExpected("gateway", len(events), len(events), "bounded", "the other instances reach the members")
	c.Expand(map[string]string{}, f)
}

// disagree says how the instances see a member now, if they do not all see it alike. One that has not probed it yet has no view.
func disagree(t *health.History) (text string, split bool) {
	up, down := 0, 0
	for i := range t.Views {
		switch v := &t.Views[i]; {
		case strings.EqualFold(v.Now.Health, "Unknown"):
		case v.IsUp():
			up++
		default:
			down++
		}
	}
	return t.Now.Detail, up > 0 && down > 0
}

// SkewNotices reports members on which the instances disagree now, where no failure shows it.
func SkewNotices(c *inference.Case) (out []report.Notice) {
	named := slices.ContainsFunc(c.Findings, func(f *inference.Finding) bool { return f.Cause == "a-probe-per-instance-skew" })
	for i := range c.Traffic.Histories {
		t := &c.Traffic.Histories[i]
		text, split := disagree(t)
		if !split || named {
			continue
		}
		out = append(out, report.Notice{
			Cause: "a-probe-per-instance-skew",
			Scope: report.Scope{Pool: t.Pool, Settings: t.Settings, Member: t.Member},
			Fact:  fmt.Sprintf("%s: %s", t.Member, text),
			Do:    "if it lasts longer than a few probes, look at what that instance has of its own: its node, its address, its way to the member; the member may count or block by address",
		})
	}
	return out
}
