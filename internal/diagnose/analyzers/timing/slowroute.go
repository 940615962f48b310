package timing

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// SlowRoute recognises d-slow-route: one route is slow.
var SlowRoute = inference.Analyzer{
	Name: "d-slow-route", Requires: inference.Log,
	Doc: "one route runs into the request timeout more often than its share explains, its answers reach up to it, all other routes under the settings stay far below, and it does so at any time and member",
	Run: slowRoute,
}

// slowRoute: the timeout fits every other path; one needs longer. A longer timeout for all of them would only hide it.
func slowRoute(c *inference.Case) {
	for _, l := range c.TimedOutGroups() {
		near := l.Near()
		if l.Limit == 0 || l.Scope.Path == "" || len(l.Events) < stats.MinEvents || near < 3 || 4*near < len(l.Events) ||
			c.SeenSilence(l.Events) {
			continue
		}
		others, slowest := c.OtherRoutes(&l)
		if others.N < 5*traffic.EnoughAnswers || slowest > l.Limit/2 || c.AtOneMember(&l) || c.InBursts(&l) {
			continue
		}
		f := c.Claim("d-slow-route", l.Events, l.Scope, inference.ConfidenceOf(near >= stats.MinEvents && 2*near >= len(l.Events) &&
			!l.Assumed))
		f.AddEvidence("access-log",
			fmt.Sprintf("%d requests waited the whole request timeout of %s; %d answers on the same route came in the last third before it",
				len(l.Events), units.Seconds(l.Limit), near), l.Events...)
		f.AddEvidence("access-log", fmt.Sprintf("%d answers to other requests under %s: 99 of 100 within %s", others.N,
			report.Named(l.Scope.Settings, "settings"), units.Seconds(slowest)))
		f.RuleOut("g-cpu-queueing", "overloaded members are slow on every route")
		f.RuleOut("d-hung", "if requests never finished, no answers would come just below the timeout")
		f.AddRivals("d-db-lock")
		f.SetExpected("gateway", 0, len(l.Events), "bounded", "how long the lost answers would have taken is not in the evidence")
		longer := inference.LongerThan(l.Limit)
		c.Advise(f, &l, longer, map[string]string{"path": l.Scope.Path, "address": inference.Address(l.Events)})
	}
}
