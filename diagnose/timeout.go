package diagnose

import (
	"fmt"
	"time"

	"causeway/fault"
)

func isTimeout(e *event) bool {
	return e.fault.Kind == fault.Timeout && e.fault.Side == fault.Backend && (e.fault.Phase == fault.Wait || e.fault.Phase == fault.Head)
}

// requestTimeout: the member gave no answer within the request timeout. Whether a longer one would help shows in the
// answers that did come: if many took nearly as long, the timer cuts through a slope and some of the rest would have
// come too; if none took the last third of the time, those that wait are another kind, and wait for ever.
func requestTimeout(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(isTimeout), (*event).route)
	var few []*event
	for _, k := range keys {
		if len(groups[k]) < minEvents {
			few = append(few, groups[k]...)
			continue
		}
		q.timeoutsOf(groups[k], q.route(k), Scope{Pool: groups[k][0].pool, Settings: k.settings, Path: k.path})
	}
	settings, byName := groupBy(few, func(e *event) string { return e.settings })
	for _, s := range settings {
		q.timeoutsOf(byName[s], q.routesOf(s), Scope{Pool: byName[s][0].pool, Settings: s})
	}
}

// routesOf adds up the routes under one settings object that had a timeout.
func (q *inquiry) routesOf(settings string) *routeTally {
	sum := &routeTally{}
	for k, r := range q.routes {
		if k.settings == settings {
			sum.answered += r.answered
			sum.lastThird += r.lastThird
			sum.slowest = max(sum.slowest, r.slowest)
		}
	}
	return sum
}

// enough answers to conclude from the absence of slow ones.
const enoughAnswers = 20

func (q *inquiry) timeoutsOf(events []*event, r *routeTally, scope Scope) {
	limit := q.timeouts[scope.Settings]
	if member := scopeOf(events).Member; member != "" {
		scope.Member = member
	}
	n, near := len(events), r.lastThird
	switch {
	case limit == 0:
		q.suspect(events, "add the gateway document: without it the request timeout is not known", "d-timeout-below-latency", "d-hung")
	case q.idleDropped(events):
		q.forgotten(events, r, scope)
	case q.silence(events):
		q.suspect(events, "the member answered nobody while these requests waited: look whether it ran, was paused, or could be reached at those times; if its probes passed meanwhile, it is these requests that hang", "a-slow-eviction", "b-drop", "d-vm-freeze", "d-gc-pause", "d-hung", "d-timeout-below-latency")
	case n >= minEvents && near >= 3 && 4*near >= n:
		q.slowAnswers(events, r, scope, limit)
	case n >= minEvents && near == 0 && r.answered >= enoughAnswers && r.answeredMeanwhile(events):
		q.hung(events, r, scope, limit)
	case r.answered == 0:
		q.suspect(events, "no request to this path was ever answered, so how long an answer would take is not known: send one straight to the member and wait, or raise the timeout for this path alone",
			"d-hung", "d-timeout-below-latency")
	default:
		q.suspect(events, fmt.Sprintf("only %d timeouts and %d answers in the last third before %s: let one member run with three times the timeout, or look the requests up in its log",
			n, near, seconds(limit)), "d-timeout-below-latency", "d-hung")
	}
}

// silence reports whether most of them waited while their member answered nobody: then it is the member that was away,
// not a request that was lost.
func (q *inquiry) silence(events []*event) bool {
	n := 0
	for _, e := range events {
		if q.inSilence(e) {
			n++
		}
	}
	return 2*n > len(events)
}

func (q *inquiry) slowAnswers(events []*event, r *routeTally, scope Scope, limit time.Duration) {
	confidence := Medium
	if r.lastThird >= minEvents && 2*r.lastThird >= len(events) {
		confidence = High
	}
	f := q.claim("d-timeout-below-latency", events, scope, confidence)
	f.says("access-log", fmt.Sprintf("%d requests waited the whole request timeout of %s", len(events), seconds(limit)), events...)
	f.says("access-log", fmt.Sprintf("%d answers came in the last third before it (slowest: %s of %d answers): the timeout cuts through the slower answers",
		r.lastThird, seconds(r.slowest), r.answered))
	f.says("configuration", fmt.Sprintf("requestTimeout of backend settings %q is %s", scope.Settings, seconds(limit)))
	f.excludes("d-hung", "with requests that never finish there would be no answers just below the timeout")
	f.leaves("g-cpu-queueing", "d-slow-route")
	longer := (limit*3/2 + time.Second - 1).Truncate(time.Second)
	f.expect("gateway", 0, len(events), "bounded", fmt.Sprintf("how long the lost answers would have taken is not in the evidence; %s is the first step, its effect will show", seconds(longer)))
	q.fill(map[string]string{"timeout": seconds(limit), "newTimeout": seconds(longer), "newTimeoutSeconds": fmt.Sprint(int(longer.Seconds())), "address": address(events)}, f)
}

// answeredMeanwhile reports whether other requests of the route were answered while most of these waited: then it is
// these requests that were lost, and not the route that stood still.
func (r *routeTally) answeredMeanwhile(events []*event) bool {
	n := 0
	for _, e := range events {
		if r.answers.between(e.start.Add(bucket), e.at.Add(-bucket)) > 0 {
			n++
		}
	}
	return 5*n >= 4*len(events)
}

// hung names the likelier of two: requests that are lost, or a second kind of request under the same name that always
// takes longer than the timeout. Only a longer wait tells them apart.
func (q *inquiry) hung(events []*event, r *routeTally, scope Scope, limit time.Duration) {
	f := q.claim("d-hung", events, scope, Medium)
	f.says("access-log", fmt.Sprintf("%d requests waited the whole request timeout of %s in vain, while others of the same kind were answered", len(events), seconds(limit)), events...)
	f.says("access-log", fmt.Sprintf("the other %d were answered within %s: between that and the timeout there is nothing", r.answered, seconds(r.slowest)))
	f.leaves("d-timeout-below-latency")
	f.expect("gateway", 0, len(events), "unknown", "nothing in the evidence says that a longer request timeout would help")
	f.expect("backend", len(events), len(events), "bounded", "once the member no longer loses requests")
	member := scope.Member
	if member == "" {
		member = "a member"
	}
	q.fill(map[string]string{"timeout": seconds(limit), "address": address(events), "member": member}, f)
}
