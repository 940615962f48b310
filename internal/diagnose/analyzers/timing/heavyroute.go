package timing

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// HeavyRoute recognises d-slow-route, by clients that give up as well as by timeouts.
var HeavyRoute = inference.Analyzer{
	Name: "d-slow-route", Requires: inference.Log,
	Doc: "on the same paths clients leave late and requests run into the request timeout, answers to these paths are slow, and all others under the settings are quick",
	Run: heavyRoute,
}

// heavier is how many times longer than 99 of 100 answers to other paths a client must have waited before it left late.
const heavier = 5

// heavyRoute: a route that takes long fails in two ways, by the client that gives up and by the gateway that does. They
// are one story, and stand in one finding.
func heavyRoute(c *inference.Case) {
	late := c.Unclaimed(func(e *traffic.Event) bool { return traffic.IsTimeout(e) && e.Tried && !e.Ambiguous })
	settings, _ := traffic.GroupBy(late, func(e *traffic.Event) string { return e.Settings })
	for _, s := range settings {
		heavy := map[traffic.RouteKey]bool{}
		for _, e := range late {
			if e.Settings == s {
				heavy[e.Route()] = true
			}
		}
		quick, slow := apartFrom(c, s, heavy)
		if quick.N < traffic.EnoughAnswers {
			continue
		}
		bar := max(heavier*quick.Quantile(0.99), LongWait)
		timedOut := traffic.Filter(late, func(e *traffic.Event) bool { return e.Settings == s })
		left := c.Unclaimed(func(e *traffic.Event) bool {
			return e.Settings == s && heavy[e.Route()] && e.Tried && e.Fault.Side == fault.Client && e.Fault.Kind == fault.Closed &&
				e.Taken >= bar
		})
		if limit := c.Traffic.Timeouts[s]; len(left) < stats.MinEvents || limit > 0 && limit < bar || c.Silence(timedOut) {
			continue
		}
		oneStory(c, timedOut, left, &quick, &slow, bar)
	}
}

// apartFrom adds up the answers under settings, of some routes and of the others.
func apartFrom(c *inference.Case, settings string, heavy map[traffic.RouteKey]bool) (others, these stats.Histogram) {
	for k, r := range c.Traffic.Routes {
		if k.Settings == settings && heavy[k] {
			these.Merge(&r.Waits)
		} else if k.Settings == settings {
			others.Merge(&r.Waits)
		}
	}
	return others, these
}

func oneStory(c *inference.Case, timedOut, left []*traffic.Event, quick, slow *stats.Histogram, bar time.Duration) {
	events := append(append([]*traffic.Event{}, timedOut...), left...)
	traffic.SortByTime(events)
	waited := traffic.SortedDurations(left, func(e *traffic.Event) time.Duration { return e.Taken })
	fact := fmt.Sprintf("on the same paths %s ran into the request timeout after %s, and %s left after %s; 99 of 100 answers to other paths under these settings came within %s",
		units.Count(len(timedOut), "request", "requests"), units.Span(traffic.SortedDurations(timedOut, traffic.Lasted)),
		units.Count(len(left), "client", "clients"), units.Span(waited), units.Seconds(quick.Quantile(0.99)))
	if slow.N < 3 || slow.Max < bar { // whether they are ever answered is not seen
		c.Suspect(events, "this is one story: "+fact+". Look what these requests do at the member, and whether they ever end there",
			"d-slow-route", "d-hung", "d-timeout-below-latency", "d-db-lock", "j-client-abort", "j-client-timer-spike")
		return
	}
	f := c.Claim("d-slow-route", events, inference.ScopeOf(events), report.Medium)
	f.AddEvidence("access-log", fact, events...)
	f.AddEvidence("access-log", fmt.Sprintf("%d of these requests were answered, the slowest after %s", slow.N, units.Seconds(slow.Max)))
	f.RuleOut("j-client-abort", "the clients left requests that the gateway gave up as well")
	f.AddRivals("d-hung", "d-db-lock")
	f.SetExpected("gateway", 0, len(timedOut), "bounded",
		"how long the lost answers would have taken is not in the evidence, nor whether the clients would have waited")
	limit := c.Traffic.Timeouts[f.Scope.Settings]
	if limit == 0 {
		limit = waited[len(waited)-1]
	}
	l := inference.TimedOutGroup{Events: events, Scope: f.Scope, Limit: limit}
	c.Advise(f, &l, inference.LongerThan(limit), map[string]string{"path": f.Scope.Path, "address": inference.Address(events)})
}

// LongWait is the least time of a request for which the gateway must have waited for a member or a client.
const LongWait = time.Second
