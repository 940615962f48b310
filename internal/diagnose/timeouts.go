package diagnose

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/fault"
)

func isTimeout(e *event) bool {
	return e.fault.Kind == fault.Timeout && e.fault.Side == fault.Backend && (e.fault.Phase == fault.Wait || e.fault.Phase == fault.Head)
}

// ranOut reports whether a request is known to have waited for the whole request timeout: as long as the document says, or, where it
// says nothing, as the gateway's own word has it.
func (q *inquiry) ranOut(e *event) bool {
	limit := q.timeouts[e.settings]
	return isTimeout(e) && !e.unsaid && (limit == 0 || lasted(e) >= limit-timerBand(limit))
}

var misfits = hypothesis{
	cause: "d-timeout-below-latency", needs: theDocument | theLog,
	test: "left open: timeouts that do not lie at the request timeout of the document",
	look: misfitTimeouts,
}

// misfitTimeouts leaves timeouts open that came sooner than the document lets them, or well after: what it says of the timer is then not
// what they met, and nothing can be held against it.
func misfitTimeouts(q *inquiry) {
	settings, groups := groupBy(q.unclaimed(func(e *event) bool { return isTimeout(e) && e.tried && q.misfit(e) }), func(e *event) string { return e.settings })
	for _, s := range settings {
		events := groups[s]
		rivals := []string{"d-hung", "d-timeout-below-latency", "d-retry-doubling", "i-recent-change", "a-slow-eviction"}
		if lasted(events[0]) < q.timeouts[s] {
			rivals = []string{"b-drop", "d-hung", "d-timeout-below-latency", "i-recent-change", "c-accept-queue", "f-handshake-timeout", "a-slow-eviction"}
		}
		q.suspect(events, fmt.Sprintf("these timed out after %s, and the document gives settings %s a request timeout of %s: the document may be of another time, or it was the connection that timed out; export the gateway again and look in the activity log for writes of it",
			fromTo(sortedDurations(events, lasted)), s, seconds(q.timeouts[s])), append(rivals, besideEcho(events)...)...)
	}
}

// misfit reports whether a timeout lies away from the request timeout of the document, and from twice as long, which two members
// take that are waited for one after the other.
func (q *inquiry) misfit(e *event) bool {
	limit := q.timeouts[e.settings]
	if limit == 0 || e.session {
		return false
	}
	away := func(timer time.Duration) bool { return (lasted(e) - timer).Abs() > timerBand(timer) }
	return lasted(e) < limit-timerBand(limit) || !e.own && away(limit) && lasted(e) > limit && away(2*limit)
}

// late are the requests of one kind that waited for the whole request timeout.
type late struct {
	events  []*event
	route   *routeTally // answers to the same kind of request
	scope   Scope
	limit   time.Duration // request timeout; 0: not known
	assumed bool          // it was taken from where the failures lie
}

// latecomers are the timeouts that nobody has claimed, by route; routes with few of them are looked at together.
func (q *inquiry) latecomers() []late {
	keys, groups := groupBy(q.unclaimed(isTimeout), (*event).route)
	var out []late
	var few []*event
	for _, k := range keys {
		if len(groups[k]) < minEvents {
			few = append(few, groups[k]...)
			continue
		}
		out = append(out, q.late(groups[k], q.route(k), Scope{Pool: groups[k][0].pool, Settings: k.settings, Path: k.path}))
	}
	settings, byName := groupBy(few, func(e *event) string { return e.settings })
	for _, s := range settings {
		out = append(out, q.late(byName[s], q.routesOf(s), Scope{Pool: byName[s][0].pool, Settings: s}))
	}
	return out
}

func (q *inquiry) late(events []*event, r *routeTally, scope Scope) late {
	if member := scopeOf(events).Member; member != "" && !slices.ContainsFunc(events, (*event).waitedElsewhere) {
		scope.Member = member
	}
	l := late{events: events, route: r, scope: scope, limit: q.timeouts[scope.Settings]}
	_, l.assumed = q.timeoutNow(scope.Settings)
	if l.limit == 0 {
		l.limit = q.timerIn(events)
		l.assumed = l.limit > 0
	}
	return l
}

// waitedElsewhere reports whether other members were tried before the one that the event names.
func (e *event) waitedElsewhere() bool { return e.visible && e.tries > 1 }

// timerIn is the timer at which most of the events ended, in whole seconds; 0 if they did not end together.
func (q *inquiry) timerIn(events []*event) time.Duration {
	if len(events) < 3 {
		return 0
	}
	took := sortedDurations(events, lasted)
	timer := commonTimer(took)
	if timer == 0 {
		return 0
	}
	why := "there is no gateway document"
	if q.config != nil {
		why = "the log does not say which backend settings of the document they had"
	}
	q.assume(fmt.Sprintf("the request timeout is %s: %s, and that is where the requests without an answer end", seconds(timer), why))
	return timer
}

// commonTimer is the timer, in whole seconds, at which four of five durations end; 0 if there is none.
func commonTimer(took []time.Duration) time.Duration {
	timer := quantile(took, 0.5).Truncate(time.Second)
	n := 0
	for _, d := range took {
		if d >= timer && d <= timer+timerBand(timer) {
			n++
		}
	}
	if 5*n < 4*len(took) {
		return 0
	}
	return timer
}

// correctTimeouts takes the request timeouts that the requests show where they refute the document, which may be of another
// time: they end at another timer, answers come up to it, and none later.
func (t *tally) correctTimeouts() {
	settings, groups := groupBy(filtered(t.events, func(e *event) bool { return isTimeout(e) && !e.own && e.tries == 1 }), func(e *event) string { return e.settings })
	for _, s := range settings {
		limit, events := t.timeouts[s], groups[s]
		if limit == 0 || len(events) < minEvents {
			continue
		}
		timer := commonTimer(sortedDurations(events, lasted))
		if (timer-limit).Abs() <= timerBand(max(timer, limit)) || !t.cutsAnswers(s, limit, timer) {
			continue
		}
		if t.documented == nil {
			t.documented = map[string]time.Duration{}
		}
		t.timeouts[s], t.documented[s] = timer, limit
		t.assumptions = append(t.assumptions, fmt.Sprintf("the request timeout of settings %s was %s: the document, which says %s, is of another time, for %d requests timed out there and answers came up to it, none later", s, seconds(timer), seconds(limit), len(events)))
	}
}

// cutsAnswers reports whether answers under some settings come up to a timer and end there. A timer beyond the limit may
// also be a second wait as long as the first: then no answer takes longer than the limit.
func (t *tally) cutsAnswers(settings string, limit, timer time.Duration) bool {
	if timer == 0 {
		return false
	}
	sum := t.routesOf(settings)
	after := timer * 2 / 3
	if timer > limit {
		after = max(after, limit+timerBand(limit))
	}
	return sum.waits.between(after, timer) >= minEvents && sum.waits.most <= timer+timerBand(timer)
}

// lasted is how long an attempt took; the request, where the attempt is not known.
func lasted(e *event) time.Duration {
	if e.attempt.Total > 0 {
		return e.attempt.Total
	}
	return e.taken
}

// routesOf adds up the routes under one settings object.
func (t *tally) routesOf(settings string) *routeTally {
	sum := &routeTally{}
	for k, r := range t.routes {
		if k.settings == settings {
			sum.answered += r.answered
			sum.waits.merge(&r.waits)
		}
	}
	return sum
}

// enoughAnswers is how many answers it takes to conclude from the absence of slow ones.
const enoughAnswers = 20

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

// seenSilence is silence where the log is exact enough to show it.
func (q *inquiry) seenSilence(events []*event) bool { return q.silence(events) && !tooCoarse(events) }

// tooCoarse reports whether most events waited for less than the log's times can show: whole seconds of a wait of one.
func tooCoarse(events []*event) bool {
	n := 0
	for _, e := range events {
		if from, to := e.waiting(); !to.After(from) {
			n++
		}
	}
	return 2*n > len(events)
}

// answeredMeanwhile reports whether other requests of the route were answered while most of these waited, an answer for
// each: then it is these requests that were lost, and not the route that stood still.
func (r *routeTally) answeredMeanwhile(events []*event) bool {
	if r.answers == nil { // several routes together: their answers are not known one by one
		return false
	}
	spans := aroundEach(events, -bucket)
	return 5*matched(spans, r.answers.within(spans), r.answers.clock) >= 4*len(events)
}

// besideSilence are the causes of requests that waited while nobody was answered. Without the trace it is not known on what
// connections they were.
func (q *inquiry) besideSilence(events []*event) []string {
	out := append(q.movedAway(events), "a-slow-eviction", "b-drop", "d-vm-freeze", "d-gc-pause", "d-hung", "d-timeout-below-latency", "d-slow-first-byte")
	if servers, _ := groupBy(events, (*event).key); len(servers) > 1 {
		out = append(out, "b-transit-flap", "g-dependency-down")
	}
	if !events[0].own {
		out = append(out, "b-stateful-idle-drop", "d-cold-start")
	}
	return out
}

// timeoutsLeft says of timeouts that no cause claims why none does.
func timeoutsLeft(q *inquiry) {
	for _, l := range q.latecomers() {
		near, moved := l.route.lastThird(l.limit), q.movedAway(l.events)
		switch {
		case l.limit == 0:
			q.suspect(l.events, "add the gateway document: without it the request timeout is not known", append(moved, "d-timeout-below-latency", "d-hung")...)
		case tooCoarse(l.events):
			q.suspect(l.events, fmt.Sprintf("the log has whole seconds, and the request timeout is %s: whether the member answered others while these waited does not show; on Causeway the trace does", seconds(l.limit)),
				slices.Concat(moved, []string{"d-timeout-below-latency", "d-hung", "d-slow-route", "g-noisy-member"}, q.besideSilence(l.events), behind(l.events), []string{"d-db-lock"}, q.unseen(l.events))...)
		case q.silence(l.events):
			q.suspect(l.events, "the member answered nobody while these requests waited: look whether it ran, was paused, or could be reached at those times; if its probes passed meanwhile, it is these requests that hang",
				slices.Concat(q.besideSilence(l.events), behind(l.events), q.unseen(l.events))...)
		case l.route.answered == 0:
			q.suspect(l.events, "no request to this path was ever answered, so how long an answer would take is not known: send one straight to the member and wait, or raise the timeout for this path alone",
				append(moved, "d-hung", "d-timeout-below-latency", "d-slow-route", "d-slow-first-byte")...)
		case q.atOneMember(&l) || q.inBouts(&l): // and they say so
		default:
			q.suspect(l.events, fmt.Sprintf("only %d timeouts and %d answers in the last third before %s: let one member run with three times the timeout, or look the requests up in its log",
				len(l.events), near, seconds(l.limit)),
				slices.Concat(moved, []string{"d-timeout-below-latency", "d-hung", "d-slow-route", "g-cpu-queueing", "g-noisy-member", "d-db-lock", "b-stateful-idle-drop", "d-cold-start"}, behind(l.events))...)
		}
	}
}

// unseen are the causes of timeouts whose signs only the trace has: in which phase the time went by, and whose request it
// was.
func (q *inquiry) unseen(events []*event) []string {
	if events[0].own {
		return nil
	}
	if c := (&closed{q: q, events: events}); c.speaks("Http") {
		return []string{"c-accept-queue", "i-proxy-loop"}
	}
	return []string{"c-accept-queue", "f-handshake-timeout", "i-proxy-loop"}
}
