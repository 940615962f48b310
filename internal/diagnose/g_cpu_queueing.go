package diagnose

import "fmt"

var queueing = hypothesis{
	cause: "g-cpu-queueing", needs: theLog,
	test: "requests run into the timeout when much traffic comes, all kinds of answers are slower then, and both go with it",
	look: cpuQueueing,
}

// cpuQueueing: requests wait their turn in the members, the longer the more of them come.
func cpuQueueing(q *inquiry) {
	events := q.unclaimed(isTimeout)
	_, bySettings := groupBy(events, func(e *event) string { return e.settings })
	for _, settings := range sortedKeys(bySettings) {
		late := bySettings[settings]
		t := q.withLoad(late)
		routes, _ := groupBy(late, (*event).route)
		if !t.rises() || t.waitHigh < 2*t.waitLow || len(routes) < 2 && q.routesUnder(settings) > 1 {
			continue
		}
		f := q.claim("g-cpu-queueing", late, scopeOf(late), confidenceOf(t.n >= 2*minEvents && q.own > 0 && t.waitHigh >= 3*t.waitLow))
		f.says("access-log", fmt.Sprintf("%d of the %d moments at which requests waited in vain were in the busier half of the traffic", t.upper, t.n), late...)
		f.says("access-log", fmt.Sprintf("at %.0f requests a second answers took %s on the average, at %.0f they took %s", t.low, seconds(t.waitLow), t.high, seconds(t.waitHigh)))
		f.excludes("d-slow-route", fmt.Sprintf("it hits %d kinds of requests, and all answers are slower under load", len(routes)))
		f.excludes("d-hung", "requests that are lost do not go with load")
		f.leaves("g-worker-pool", "g-conn-pool-db", "g-cfs-throttle")
		f.expect("backend", 0, len(late), "bounded", "how much more capacity is enough is not in the evidence")
		q.fill(map[string]string{"address": address(late)}, f)
	}
}

func (q *inquiry) routesUnder(settings string) int {
	n := 0
	for k, r := range q.routes {
		if k.settings == settings && r.answered >= enoughAnswers {
			n++
		}
	}
	return n
}
