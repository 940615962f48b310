package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/fault"
)

var heavyRoutes = hypothesis{
	cause: "d-slow-route", needs: theLog,
	test: "on the same paths clients leave late and requests run into the request timeout, answers to these paths are slow, and all others under the settings are quick",
	look: heavyRoute,
}

// heavier is how many times longer than 99 of 100 answers to other paths a client must have waited before it left late.
const heavier = 5

// heavyRoute: a kind of request that takes long fails in two ways, by the client that gives up and by the gateway that does. They
// are one story, and stand in one finding.
func heavyRoute(q *inquiry) {
	late := q.unclaimed(func(e *event) bool { return isTimeout(e) && e.tried && !e.unsaid })
	settings, _ := groupBy(late, func(e *event) string { return e.settings })
	for _, s := range settings {
		heavy := map[routeKey]bool{}
		for _, e := range late {
			if e.settings == s {
				heavy[e.route()] = true
			}
		}
		quick, slow := q.apartFrom(s, heavy)
		if quick.n < enoughAnswers {
			continue
		}
		bar := max(heavier*quick.quantile(0.99), longWait)
		timedOut := filtered(late, func(e *event) bool { return e.settings == s })
		left := q.unclaimed(func(e *event) bool {
			return e.settings == s && heavy[e.route()] && e.tried && e.fault.Side == fault.Client && e.fault.Kind == fault.Closed && e.taken >= bar
		})
		if limit := q.timeouts[s]; len(left) < minEvents || limit > 0 && limit < bar || q.silence(timedOut) {
			continue
		}
		q.oneStory(timedOut, left, &quick, &slow, bar)
	}
}

// apartFrom adds up the answers under settings, of some routes and of the others.
func (q *inquiry) apartFrom(settings string, heavy map[routeKey]bool) (others, these histogram) {
	for k, r := range q.routes {
		if k.settings == settings && heavy[k] {
			these.merge(&r.waits)
		} else if k.settings == settings {
			others.merge(&r.waits)
		}
	}
	return others, these
}

func (q *inquiry) oneStory(timedOut, left []*event, quick, slow *histogram, bar time.Duration) {
	events := append(append([]*event{}, timedOut...), left...)
	sortByTime(events)
	waited := sortedDurations(left, func(e *event) time.Duration { return e.taken })
	fact := fmt.Sprintf("on the same paths %s ran into the request timeout after %s, and %s left after %s; 99 of 100 answers to other paths under these settings came within %s",
		count(len(timedOut), "request", "requests"), fromTo(sortedDurations(timedOut, lasted)), count(len(left), "client", "clients"), fromTo(waited), seconds(quick.quantile(0.99)))
	if slow.n < 3 || slow.most < bar { // whether they are ever answered is not seen
		q.suspect(events, "this is one story: "+fact+". Look what these requests do at the member, and whether they ever end there",
			"d-slow-route", "d-hung", "d-timeout-below-latency", "d-db-lock", "j-client-abort", "j-client-timer-spike")
		return
	}
	f := q.claim("d-slow-route", events, scopeOf(events), Medium)
	f.says("access-log", fact, events...)
	f.says("access-log", fmt.Sprintf("%d of these requests were answered, the slowest after %s", slow.n, seconds(slow.most)))
	f.excludes("j-client-abort", "the clients left requests that the gateway gave up as well")
	f.leaves("d-hung", "d-db-lock")
	f.expect("gateway", 0, len(timedOut), "bounded", "how long the lost answers would have taken is not in the evidence, nor whether the clients would have waited")
	limit := q.timeouts[f.Scope.Settings]
	if limit == 0 {
		limit = waited[len(waited)-1]
	}
	l := late{events: events, scope: f.Scope, limit: limit}
	q.advise(f, &l, longerThan(limit), map[string]string{"path": f.Scope.Path, "address": address(events)})
}
