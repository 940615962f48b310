package diagnose

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/fault"
)

var reroutes = hypothesis{
	cause: "i-recent-change", needs: theLog,
	test: "from one moment on a rule sends the same path to another pool, which has nobody for it, and until then the former pool answered",
	look: rerouted,
}

// reroute is a change of where a rule sends its paths.
type reroute struct {
	rule, from, to string
	until, since   time.Time
	answered       int
	paths          []string
}

// rerouted: the routing itself changed within the window, as a controller does that writes the gateway (AGIC), or a deployment.
// Where nobody is in the new pool, that is all that failed.
func rerouted(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		return !e.own && e.visible && e.rule != "" && (e.fault.Kind == fault.NoHealthy || e.fault.Kind == fault.NoMember)
	}), func(e *event) [3]string { return [3]string{e.rule, e.pool, e.settings} })
	for _, k := range keys {
		r, events, ok := q.rerouteOf(groups[k])
		if !ok {
			continue
		}
		f := q.claim("i-recent-change", events, scopeOf(events), Medium)
		f.says("access-log", r.text(), events...)
		f.says("access-log", fmt.Sprintf("until then pool %q answered %d requests for the same under this rule; nobody in pool %q took any", r.from, r.answered, r.to))
		f.may("i-empty-pool", "i-wrong-pool", "i-config-tug-of-war", "a-all-unhealthy-fail-closed")
		f.expect("gateway", len(events), len(events), "bounded", "with the rule led back to the pool that answered, if its members are well")
		q.fill(map[string]string{}, f)
	}
}

// text says what changed.
func (r *reroute) text() string {
	return fmt.Sprintf("from %s on rule %s sends %s to pool %q; until %s it sent it to pool %q: the routing changed", stamp(r.since), r.rule, strings.Join(r.paths, ", "), r.to, stamp(r.until), r.from)
}

// rerouteOf looks where the paths of events of one rule and pool were sent before. It needs that most of the events have such a
// past, and that it was over when they began.
func (q *inquiry) rerouteOf(events []*event) (r reroute, moved []*event, ok bool) {
	r = reroute{rule: events[0].rule, to: events[0].pool, since: events[0].start}
	paths, byPath := groupBy(events, func(e *event) string { return e.method + " " + e.path })
	for _, p := range paths {
		same := byPath[p]
		for k, route := range q.routes {
			if k.method != same[0].method || k.path != same[0].path || route.rule != r.rule || strings.EqualFold(route.pool, r.to) {
				continue
			}
			last, _ := route.tried.before(q.to.Add(time.Second))
			if route.pool == "" || route.answered == 0 || !last.Before(same[0].start) || r.from != "" && !strings.EqualFold(r.from, route.pool) {
				continue
			}
			r.from, r.answered = route.pool, r.answered+route.answered
			if last.After(r.until) {
				r.until = last
			}
			if moved = append(moved, same...); len(r.paths) < 3 {
				r.paths = append(r.paths, same[0].path)
			}
		}
	}
	sortByTime(moved)
	for _, m := range q.members { // somebody in the new pool answered before: it is no new one
		if strings.EqualFold(m.pool, r.to) && m.answers.between(q.from, r.since) > 0 {
			return r, nil, false
		}
	}
	return r, moved, len(moved) >= minEvents && 5*len(moved) >= 4*len(events) && r.answered >= minEvents && r.until.Before(r.since)
}
