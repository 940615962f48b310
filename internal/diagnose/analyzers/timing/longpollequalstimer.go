package timing

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// LongPollEqualsTimer recognises d-longpoll-equals-timer: a long poll is held as long as the timeout.
var LongPollEqualsTimer = inference.Analyzer{
	Name: "d-longpoll-equals-timer", Requires: inference.Log,
	Doc: "on one route both answers and failures come at the request timeout, and on no other",
	Run: longpollEqualsTimer,
}

// longpollEqualsTimer: the backend holds a request on purpose, for as long as the gateway waits; which comes first is a
// toss of a coin.
func longpollEqualsTimer(c *inference.Case) {
	for _, l := range c.TimedOutGroups() {
		if l.Limit == 0 || l.Scope.Path == "" || len(l.Events) < stats.MinEvents || l.Assumed {
			continue
		}
		held := l.Route.Waits.Between(l.Limit-l.Limit/20, l.Limit+l.Limit/20)
		if held < stats.MinEvents || 2*held < l.Route.Answered || othersHold(c, &l) {
			continue
		}
		f := c.Claim("d-longpoll-equals-timer", l.Events, l.Scope, report.High)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d requests failed at the request timeout of %s, and %d of %d answers on this path came within a twentieth of it",
				len(l.Events), units.Seconds(l.Limit), held, l.Route.Answered), l.Events...)
		f.RuleOut("d-timeout-below-latency", "answers of a slow handler lie at all times below the timeout, not at it")
		f.SetExpected("backend", len(l.Events), len(l.Events), "exact", "with a hold well below the request timeout every one is answered")
		f.SetExpected("gateway", len(l.Events), len(l.Events), "bounded",
			"with a request timeout well above the hold, if the hold is as long as it seems")
		c.Expand(map[string]string{
			"timeout": units.Seconds(l.Limit), "newTimeout": units.Seconds(l.Limit * 3 / 2),
			"newTimeoutSeconds": fmt.Sprint(int((l.Limit * 3 / 2).Seconds())), "address": inference.Address(l.Events),
		}, f)
	}
}

// othersHold reports whether other routes under the settings have answers at the timer too.
func othersHold(c *inference.Case, l *inference.TimedOutGroup) bool {
	n := 0
	for k, r := range c.Traffic.Routes {
		if k.Settings == l.Scope.Settings && !l.Has(r) {
			n += r.Waits.Between(l.Limit-l.Limit/20, l.Limit+l.Limit/20)
		}
	}
	return n > 0
}
