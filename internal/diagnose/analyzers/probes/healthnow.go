package probes

import (
	"fmt"
	"strings"

	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/inference"
	"causeway/internal/report"
)

// HealthNow reports what is wrong with members that are out now, where no requests show it: the report of
// health names the reason, and what to do about it is known.
func HealthNow(c *inference.Case) {
	if c.Traffic.Requests > 0 {
		return
	}
	for i := range c.Traffic.Histories {
		t := &c.Traffic.Histories[i]
		if t.IsUp() {
			continue
		}
		id := causeNow(c, t)
		if id == "a-all-unhealthy-fail-closed" && c.Traffic.SomeHealthy(t.Pool, t.Settings) { // the report names no reason that is known
			continue
		}
		scope := report.Scope{Pool: t.Pool, Settings: t.Settings, Member: t.Member}
		fact := fmt.Sprintf("%s is %s: %s", t.Member, t.Now.Health, t.Now.Detail)
		f := c.Existing(id, scope)
		if f == nil {
			f = c.Note(id, nil, scope, inference.ConfidenceOf(!unsure[id]))
			f.AddOpenRivals(sameText[id]...)
			c.Expand(map[string]string{"address": t.Dial}, f)
		} else if f.Scope.Member != t.Member {
			f.Scope.Member = ""
			f.Generalise()
			c.Expand(map[string]string{}, f)
		}
		f.AddEvidence("backend-health", fact)
	}
}

// causeNow is the cause behind what the report says of a member.
func causeNow(c *inference.Case, t *health.History) string {
	if _, split := disagree(t); split {
		return "a-probe-per-instance-skew"
	}
	now, known := health.Now(t)
	if n := len(t.Changes); !known && n > 0 {
		now = t.Changes[n-1]
	}
	if strings.EqualFold(t.Now.Health, "Unknown") && now.Reason == "" {
		return "a-health-unknown"
	}
	return inference.CauseOfReason(now)
}
