package diagnose

import "fmt"

var heldRequests = hypothesis{
	cause: "d-longpoll-equals-timer", needs: theLog,
	test: "on one route both answers and failures come at the request timeout, and on no other",
	look: longpollEqualsTimer,
}

// longpollEqualsTimer: the backend holds a request on purpose, for as long as the gateway waits; which comes first is a
// toss of a coin.
func longpollEqualsTimer(q *inquiry) {
	for _, l := range q.latecomers() {
		if l.limit == 0 || l.scope.Path == "" || len(l.events) < minEvents || l.assumed {
			continue
		}
		held := l.route.waits.between(l.limit-l.limit/20, l.limit+l.limit/20)
		if held < minEvents || 2*held < l.route.answered || q.othersHold(&l) {
			continue
		}
		f := q.claim("d-longpoll-equals-timer", l.events, l.scope, High)
		f.says("access-log", fmt.Sprintf("%d requests failed at the request timeout of %s, and %d of %d answers on this path came within a twentieth of it", len(l.events), seconds(l.limit), held, l.route.answered), l.events...)
		f.excludes("d-timeout-below-latency", "answers of a slow handler lie at all times below the timeout, not at it")
		f.expect("backend", len(l.events), len(l.events), "exact", "with a hold well below the request timeout every one is answered")
		f.expect("gateway", len(l.events), len(l.events), "bounded", "with a request timeout well above the hold, if the hold is as long as it seems")
		q.fill(map[string]string{"timeout": seconds(l.limit), "newTimeout": seconds(l.limit * 3 / 2), "newTimeoutSeconds": fmt.Sprint(int((l.limit * 3 / 2).Seconds())), "address": address(l.events)}, f)
	}
}

// othersHold reports whether other routes under the settings have answers at the timer too.
func (q *inquiry) othersHold(l *late) bool {
	n := 0
	for k, r := range q.routes {
		if k.settings == l.scope.Settings && r != l.route {
			n += r.waits.between(l.limit-l.limit/20, l.limit+l.limit/20)
		}
	}
	return n > 0
}
