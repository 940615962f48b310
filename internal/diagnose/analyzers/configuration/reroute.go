package configuration

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// Reroute recognises i-recent-change: it began with a change of the configuration.
var Reroute = inference.Analyzer{
	Name: "i-recent-change", Requires: inference.Log,
	Doc: "from one moment on a rule sends the same path to another pool, which has no member for it, and until then the former pool answered",
	Run: rerouted,
}

// reroute is a change of where a rule sends its paths.
type reroute struct {
	rule, from, to string
	until, since   time.Time
	answered       int
	paths          []string
}

// rerouted: the routing itself changed within the window, as a controller does that writes the gateway (AGIC), or a deployment.
// Where the new pool has no members, that alone failed.
func rerouted(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return !e.Own && e.Visible && e.Rule != "" && (e.Fault.Kind == fault.NoHealthy || e.Fault.Kind == fault.NoMember)
	}), func(e *traffic.Event) [3]string { return [3]string{e.Rule, e.Pool, e.Settings} })
	for _, k := range keys {
		r, events, ok := rerouteOf(c, groups[k])
		if !ok {
			continue
		}
		f := c.Claim("i-recent-change", events, inference.ScopeOf(events), report.Medium)
		f.AddEvidence("access-log", r.text(), events...)
		f.AddEvidence("access-log",
			fmt.Sprintf("until then pool %q answered %d requests for the same under this rule; no member of pool %q took any",
				r.from, r.answered, r.to))
		f.AddOpenRivals("i-empty-pool", "i-wrong-pool", "i-config-tug-of-war", "a-all-unhealthy-fail-closed")
		f.SetExpected("gateway", len(events), len(events), "bounded",
			"with the rule pointing back at the pool that answered, if its members are healthy")
		c.Expand(map[string]string{}, f)
	}
}

// text says what changed.
func (r *reroute) text() string {
	return fmt.Sprintf("from %s on rule %s sends %s to pool %q; until %s it sent it to pool %q: the routing changed", units.Stamp(r.since),
		r.rule, strings.Join(r.paths, ", "), r.to, units.Stamp(r.until), r.from)
}

// rerouteOf looks where the paths of events of one rule and pool were sent before. It needs that most of the events have such a
// past, and that it was over when they began.
func rerouteOf(c *inference.Case, events []*traffic.Event) (r reroute, moved []*traffic.Event, ok bool) {
	r = reroute{rule: events[0].Rule, to: events[0].Pool, since: events[0].Start}
	paths, byPath := traffic.GroupBy(events, func(e *traffic.Event) string { return e.Method + " " + e.Path })
	for _, p := range paths {
		same := byPath[p]
		for k, route := range c.Traffic.Routes {
			if k.Method != same[0].Method || k.Path != same[0].Path || route.Rule != r.rule || strings.EqualFold(route.Pool, r.to) {
				continue
			}
			last, _ := route.Tried.Before(c.Traffic.To.Add(time.Second))
			if route.Pool == "" || route.Answered == 0 || !last.Before(same[0].Start) ||
				r.from != "" && !strings.EqualFold(r.from, route.Pool) {
				continue
			}
			r.from, r.answered = route.Pool, r.answered+route.Answered
			if last.After(r.until) {
				r.until = last
			}
			if moved = append(moved, same...); len(r.paths) < 3 {
				r.paths = append(r.paths, same[0].Path)
			}
		}
	}
	traffic.SortByTime(moved)
	for _, m := range c.Traffic.Members { // a member of the new pool answered before: the pool is not new
		if strings.EqualFold(m.Pool, r.to) && m.Answers.Between(c.Traffic.From, r.since) > 0 {
			return r, nil, false
		}
	}
	return r, moved, len(moved) >= stats.MinEvents && 5*len(moved) >= 4*len(events) && r.answered >= stats.MinEvents &&
		r.until.Before(r.since)
}
