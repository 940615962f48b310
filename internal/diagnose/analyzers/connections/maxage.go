package connections

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
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
		age, same, _ := traffic.ClusterOf(events, func(e *traffic.Event) time.Duration { return e.Attempt.Age + e.Attempt.Total })
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

// MaxAgeByPorts recognises c-max-age in Azure's log.
var MaxAgeByPorts = inference.Analyzer{
	Name: "c-max-age", Requires: inference.Log,
	Doc: "by source ports, the connections ended at one age, none was answered at a greater one, and they had carried different numbers of requests",
	Run: maxAgeByPorts,
}

// maxAgeByPorts finds one age at the ends of connections in Azure's log. Those made before the log begins are older than it shows.
func maxAgeByPorts(c *inference.Case) {
	keys, groups := lostOnUsed(c)
	for _, k := range keys {
		events := traffic.Filter(groups[k], func(e *traffic.Event) bool { return e.Attempt.Age > 0 })
		if len(events) < stats.MinEvents {
			continue
		}
		age, same, _ := traffic.ClusterWithin(events, endAge, func(time.Duration) time.Duration { return longestSpread })
		if !traffic.Mostly(same, events) || age < shortestRebuilt || inference.Independent(same) < stats.MinEvents {
			continue
		}
		limit := limitOf(c, k, same, events, traffic.OfAge, portSlack)
		idle, uses := limitOf(c, k, same, events, traffic.OfIdle, portSlack), limitOf(c, k, same, events, traffic.OfUses, 0)
		switch {
		case !limit.holds() || inference.InOneMoment(same):
			continue
		case !limit.shown(), idle.holds(), uses.holds():
			suspectLimits(c, k, same)
			continue
		}
		f := c.Claim("c-max-age", same, inference.ScopeOf(same), report.Medium)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d connections of %s ended under a request at an age of about %s (%s); %d requests were answered on younger ones, %d on older ones",
				len(same), k.Member, units.Seconds(age), byPorts(same), limit.below, limit.beyond), same...)
		idle.weighIdle(f)
		uses.weighUses(f)
		f.RuleOut("c-restart", fmt.Sprintf("they lie at %d different moments, each connection at its own age", limit.n))
		f.AddRivals("c-l4-between")
		f.SetExpected("backend", 0, len(same), "bounded", "once the end waits for the request under way")
		c.Expand(map[string]string{"address": k.Server.String(), "age": units.Seconds(age)}, f)
	}
}
