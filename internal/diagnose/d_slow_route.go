package diagnose

import (
	"fmt"
	"time"
)

var slowRoutes = hypothesis{
	cause: "d-slow-route", needs: theLog,
	test: "one kind of request runs into the request timeout more often than its share explains, its answers reach up to it, all others under the settings stay far below, and it does so at any time and member",
	look: slowRoute,
}

// slowRoute: the timeout fits every other path; one needs longer. A longer timeout for all of them would only hide it.
func slowRoute(q *inquiry) {
	for _, l := range q.latecomers() {
		near := l.route.lastThird(l.limit)
		if l.limit == 0 || l.scope.Path == "" || len(l.events) < minEvents || near < 3 || 4*near < len(l.events) || q.seenSilence(l.events) {
			continue
		}
		others, slowest := q.otherRoutes(&l)
		if others.n < 5*enoughAnswers || slowest > l.limit/2 || q.atOneMember(&l) || q.inBouts(&l) {
			continue
		}
		f := q.claim("d-slow-route", l.events, l.scope, confidenceOf(near >= minEvents && 2*near >= len(l.events) && !l.assumed))
		f.says("access-log", fmt.Sprintf("%d requests waited the whole request timeout of %s; %d answers to the same kind came in the last third before it", len(l.events), seconds(l.limit), near), l.events...)
		f.says("access-log", fmt.Sprintf("%d answers to other requests under %s: 99 of 100 within %s", others.n, named(l.scope.Settings, "settings"), seconds(slowest)))
		f.excludes("g-cpu-queueing", "members that are overloaded are slow for every kind of request")
		f.excludes("d-hung", "with requests that never finish there would be no answers just below the timeout")
		f.leaves("d-db-lock")
		f.expect("gateway", 0, len(l.events), "bounded", "how long the lost answers would have taken is not in the evidence")
		longer := longerThan(l.limit)
		q.advise(f, &l, longer, map[string]string{"path": l.scope.Path, "address": address(l.events)})
	}
}

// otherRoutes adds up the answers of all other routes under the settings, and says within which time 99 of 100 came.
func (q *inquiry) otherRoutes(l *late) (sum histogram, p99 time.Duration) {
	for k, r := range q.routes {
		if k.settings == l.scope.Settings && r != l.route {
			if r.broken > 0 && r.answered < 10*r.broken { // another one that fails is no comparison
				continue
			}
			sum.merge(&r.waits)
		}
	}
	return sum, sum.quantile(0.99)
}
