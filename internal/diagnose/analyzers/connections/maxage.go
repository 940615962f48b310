package connections

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/units"
)

// MaxAge recognises c-max-age: connections are cut at a certain age.
var MaxAge = inference.Analyzer{
	Name: "c-max-age", Requires: inference.Trace,
	Doc: "the connections ended at one age, and none was answered at a greater one",
	Run: maxAge,
}

// maxAge: the member, or something between, ends a connection at a fixed age, whatever it is doing.
func maxAge(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Own && e.ClosedUnanswered() && e.Attempt.Reused }),
		(*traffic.Event).Key)
	for _, k := range keys {
		events := groups[k]
		endAge := func(e *traffic.Event) time.Duration { return e.Attempt.Age + e.Attempt.Total }
		age, same, _ := traffic.ClusterOf(events, endAge)
		m := c.Traffic.Members[k]
		if !traffic.Mostly(same, events) || m.Oldest > age+traffic.Tolerance(age) || inference.InOneMoment(same) {
			continue
		}
		f := c.Claim("c-max-age", same, inference.ScopeOf(same), report.High)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d connections of %s ended under a request at an age of %s; none was answered at a greater age",
				len(same), k.Member, units.Seconds(age)), same...)
		idle := traffic.SortedDurations(same, ClosedAt)
		f.RuleOut("c-idle-race", fmt.Sprintf("the connections had been idle for anything between %s and %s when they ended",
			units.Seconds(idle[0]), units.Seconds(idle[len(idle)-1])))
		f.RuleOut("c-restart", "the connections ended at different times, each at its own age")
		f.AddRivals("c-l4-between")
		f.SetExpected("backend", len(same), len(same), "bounded", "once the end waits for the request under way")
		c.Expand(map[string]string{"address": k.Server.String(), "age": units.Seconds(age)}, f)
	}
}
