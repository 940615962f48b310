package diagnose

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/evidence"
)

var rollouts = hypothesis{
	cause: "c-deploy-no-drain", needs: theTrace,
	test: "several members are away and come back, one after another, within minutes: a roll-out that lets requests fall",
	look: deployNoDrain,
}

// rollout is how far apart the restarts of one roll-out may begin.
const rollout = 15 * time.Minute

// deployNoDrain tells a roll-out from a single restart by its order.
func deployNoDrain(q *inquiry) {
	type away struct {
		k memberKey
		o outage
	}
	var groups []equals
	byEquals := map[equals][]away{}
	q.memberOutages(func(k memberKey, m *memberTally, o outage) {
		returned := q.returned(&o, m)
		o.events = trimBefore(o.events)
		if returned && o.likeARestart(m) && !q.evicted(o, o.back) {
			at := q.besideOf(k) // a roll-out goes through the members of one pool
			if byEquals[at] == nil {
				groups = append(groups, at)
			}
			byEquals[at] = append(byEquals[at], away{k, o})
		}
	})
	for _, at := range groups {
		list, poison := byEquals[at], poisons{}
		members, first, last := map[memberKey]int{}, list[0].o.from(), list[0].o.from()
		overlap := false
		var events []*event
		for i, a := range list {
			members[a.k]++
			events = append(events, a.o.events...)
			poison.see(q, a.o.events)
			if a.o.from().Before(first) {
				first = a.o.from()
			}
			if a.o.from().After(last) {
				last = a.o.from()
			}
			for _, b := range list[:i] {
				overlap = overlap || a.k != b.k && a.o.from().Before(b.o.last()) && b.o.from().Before(a.o.last())
			}
		}
		if len(members) < 2 || len(list) > len(members) || overlap || last.Sub(first) > rollout {
			continue
		}
		if k, ok := poison.inAll(len(list)); ok {
			q.suspectPoison(k, events, "c-deploy-no-drain", "c-restart")
			continue
		}
		f := q.claim("c-deploy-no-drain", events, scopeOf(events), confidenceOf(len(members) >= 3 || q.changedWithin(first.Add(-soon), last)))
		f.says("access-log", fmt.Sprintf("%d members were away one after another between %s and %s, each came back by itself, and requests fell each time", len(members), stamp(first), stamp(last)), events...)
		f.excludes("g-oom-kill", "processes that are killed do not take turns")
		f.leaves("c-restart")
		f.expect("backend", countVisible(events), len(events), "bounded", "a graceful stop loses none of them")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

// poisons are the kinds of requests that nobody ever answered, with the number of outages in which a connection broke
// under one: what ends each process that gets it goes from member to member too.
type poisons map[routeKey]int

func (p poisons) see(q *inquiry, outage []*event) {
	broken, _ := groupBy(filtered(outage, brokeUnderRequest), (*event).route)
	for _, k := range broken {
		if q.route(k).answered == 0 {
			p[k]++
		}
	}
}

// inAll is a kind of request that was in each of several outages.
func (p poisons) inAll(outages int) (found routeKey, ok bool) {
	for k, n := range p {
		if n == outages && n > 1 && (!ok || k.path < found.path) {
			found, ok = k, true
		}
	}
	return found, ok
}

func (q *inquiry) suspectPoison(k routeKey, events []*event, rivals ...string) {
	q.suspect(events, fmt.Sprintf("each time processes went away while one was at %s %s, which nobody ever answered: read the members' own logs at those times, and try that request on a member that serves nobody", k.method, k.path),
		append([]string{"g-crash-on-input", "g-oom-kill"}, rivals...)...)
}

// changedWithin reports whether the activity log has a change in a span of time.
func (q *inquiry) changedWithin(from, to time.Time) bool {
	return slices.ContainsFunc(q.changes(), func(a evidence.Activity) bool { return !a.At.Before(from) && !a.At.After(to) })
}
