package diagnose

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/fault"
)

var killedWorkers = hypothesis{
	cause: "d-worker-timeout-kill", needs: theLog,
	test: "the member closes connections under requests at one round age of the request, on fresh and reused connections alike, while requests of the same kind are answered sooner, and none is later",
	look: workerTimeoutKill,
}

// workerTimeoutKill: the server's supervisor ends a worker that has been at a request for too long; the gateway sees a
// close and not a timeout.
func workerTimeoutKill(q *inquiry) {
	settings, groups := groupBy(q.unclaimed(func(e *event) bool {
		return e.closedUnanswered() && e.fault.Phase == fault.Wait || closedSomehow(e) && !e.unsaid
	}), func(e *event) string { return e.settings })
	for _, name := range settings { // the members under settings are servers of one kind
		timer, at, off := atRoundTimer(groups[name])
		limit, answered := q.timeouts[name], q.routesOf(name).waits
		switch {
		case len(at) < minEvents || 4*len(off) > len(at) || endedTogether(at) || apart(at, bucket/2) < minEvents: // a clock ends one after the other
			continue
		case limit > 0 && timer+timerBand(limit) >= limit, answered.between(timer+timer/20, answered.most+time.Second) > 0:
			continue
		case !q.answeredUpTo(at, timer/2): // a kind of request that is never answered may end the worker by itself
			continue
		}
		if limit == 0 && slices.ContainsFunc(at, func(e *event) bool { return !e.own && e.quietInfo() }) {
			q.suspect(at, "these ended "+fromTo(sortedDurations(at, lasted))+" after they had begun, and the log does not say how: it may be a timer of the server's, or the gateway's request timeout; add the gateway document, and look in the server's log for workers that were killed",
				"d-timeout-below-latency", "d-worker-timeout-kill", "d-hung", "d-inner-timeout", "c-l4-between")
			continue
		}
		f := q.claim("d-worker-timeout-kill", at, scopeOf(at), Medium)
		took := sortedDurations(at, lasted)
		f.says("access-log", fmt.Sprintf("%d connections ended %s after the request on them had begun; no answer took longer than %s", len(at),
			fromTo(took), seconds(answered.most)), at...)
		f.excludes("c-idle-race", "they ended long after the request had come, not as it came")
		f.excludes("g-crash-on-input", "a crash follows the request, not the clock")
		f.leaves("d-inner-timeout", "c-l4-between")
		if !slices.ContainsFunc(at, func(e *event) bool { return e.attempt.Reused }) { // connection and request have one age
			f.may("c-max-age")
		}
		f.expect("backend", 0, len(at), "bounded", "with a longer limit some of them would be answered; how many is not in the evidence")
		q.fill(map[string]string{"address": address(at), "timer": seconds(timer)}, f)
	}
}

// answeredUpTo reports whether requests of the same kinds were answered too, some of them after a time.
func (q *inquiry) answeredUpTo(events []*event, after time.Duration) bool {
	routes, groups := groupBy(events, (*event).route)
	some := 0
	for _, k := range routes {
		if r := q.route(k); r.answered > 0 && r.slowest() >= after {
			some += len(groups[k])
		}
	}
	return 2*some > len(events)
}
