// Package configuration holds the analyzers of group i: what the document says, and changes of it.
package configuration

import (
	"fmt"
	"strings"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// EmptyPool recognises i-empty-pool: the backend pool has no members.
var EmptyPool = inference.Analyzer{
	Name: "i-empty-pool", Requires: inference.Log,
	Doc: "no member was chosen, and the pool has none",
	Run: emptyPool,
}

// emptyPool: the pool has no members.
func emptyPool(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		if e.Fault.Kind == fault.NoMember {
			return true
		}
		if e.Fault.Kind != fault.NoHealthy || c.Traffic.Config == nil {
			return false
		}
		p := c.Traffic.Config.Pool(e.Pool)
		return p != nil && len(p.Members) == 0 && !AnsweredAfter(c, e)
	}), func(e *traffic.Event) string { return e.Pool })
	for _, pool := range keys {
		events := groups[pool]
		f := c.Claim("i-empty-pool", events, report.Scope{Pool: pool}, report.High)
		f.AddEvidence("access-log", fmt.Sprintf("%d requests to pool %q found no member", len(events), pool), events...)
		f.AddEvidence("configuration", fmt.Sprintf("pool %q has no backendAddresses", pool))
		f.RuleOut("a-all-unhealthy-fail-closed", "there is no member that a probe could have taken out")
		f.SetExpected("gateway", len(events), len(events), "exact", "every one of them failed for this reason alone")
		c.Expand(map[string]string{}, f)
	}
	perhapsEmpty(c)
}

// perhapsEmpty leaves requests without a member open in a log that names no pool, where rules lead to an empty one among others.
func perhapsEmpty(c *inference.Case) {
	if c.Traffic.Config == nil {
		return
	}
	for _, t := range traffic.UsedTargets(c.Traffic.Config) {
		p := c.Traffic.Config.Pool(t.Pool)
		if p == nil || len(p.Members) > 0 {
			continue
		}
		events := c.Unclaimed(func(e *traffic.Event) bool { return e.Pool == "" && e.Fault.Kind == fault.NoHealthy && !e.Own })
		if len(events) > 0 {
			c.Suspect(events, fmt.Sprintf("the log names no pool, and pool %q, which a rule leads to, has no members: see which pool these paths and hosts lead to; if it is that one, add members to it or correct the path rule", p.Name),
				"i-empty-pool", "i-wrong-pool", "a-all-unhealthy-fail-closed")
		}
		return
	}
}

// AnsweredAfter reports whether members of the event's pool answered later on: then the document, which has none, is of
// another time.
func AnsweredAfter(c *inference.Case, e *traffic.Event) bool {
	for _, r := range c.Traffic.Routes {
		if strings.EqualFold(r.Pool, e.Pool) && r.Answers.Between(e.At.Add(2*stats.BinWidth+e.Resolution()), c.Traffic.To) > 0 {
			return true
		}
	}
	return false
}
