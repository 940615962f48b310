package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/fault"
)

var innerTimers = hypothesis{
	cause: "d-inner-timeout", needs: theLog,
	test: "errors of the backend come at one round value below the request timeout, and hardly an answer does",
	look: innerTimeout,
}

// roundTimers are the values that people give timers.
var roundTimers = []time.Duration{
	time.Second, 2 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second, 45 * time.Second,
	60 * time.Second, 90 * time.Second, 100 * time.Second, 120 * time.Second, 180 * time.Second, 240 * time.Second, 300 * time.Second, 600 * time.Second,
}

// innerTimeout: the member itself gives up waiting for something behind it, after a time of its own. Its errors then lie
// at that time, and only they do: answers that take as long would be another matter.
func innerTimeout(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.fault.Kind == fault.Status && e.status >= 500 }), (*event).route)
	for _, k := range keys {
		events := groups[k]
		timer, at, off := atRoundTimer(events)
		limit := q.timeouts[k.settings]
		r := q.route(k)
		switch {
		case len(at) < minEvents || 2*len(off) > len(at) || endedTogether(at): // a timer ends one request after the other
			continue
		case limit > 0 && timer+timerBand(limit) >= limit: // the gateway's own
			continue
		case r.waits.between(timer-timer/50, timer+timer/20)-errorsOf(at) > len(at)/2: // answers end there too: a hold
			continue
		}
		f := q.claim("d-inner-timeout", at, scopeOf(at), confidenceOf(len(at) >= 2*minEvents && 10*len(off) <= len(at) && besideEcho(at) == nil))
		took := sortedDurations(at, lasted)
		f.says("access-log", fmt.Sprintf("%d failures of %s ended %s after they began, at a timer of %s; %d others of this path did not", len(at), f.Scope.text(),
			fromTo(took), seconds(timer), len(off)), at...)
		if limit > 0 && besideEcho(at) == nil {
			f.excludes("d-timeout-below-latency", fmt.Sprintf("the request timeout is %s", seconds(limit)))
		}
		f.excludes("g-cpu-queueing", "waiting for a processor ends at all times, not at one")
		if f.leaves("d-worker-timeout-kill"); besideEcho(at) != nil { // it may be the gateway's after all: of a connection, or under another timeout
			f.may("k-chained-proxy", "c-accept-queue", "b-drop", "d-hung", "d-timeout-below-latency")
		}
		f.expect("backend", 0, len(at), "bounded", "the wait behind the member ends later or sooner with another timer; whether it then succeeds is not in the evidence")
		q.fill(map[string]string{"address": address(at), "timer": seconds(timer)}, f)
	}
}

func errorsOf(events []*event) int {
	n := 0
	for _, e := range events {
		if e.tallied() {
			n++
		}
	}
	return n
}

func confidenceOf(high bool) string {
	if high {
		return High
	}
	return Medium
}

// atRoundTimer finds the round value just after which most events ended, and splits them. Timers fire late by little.
func atRoundTimer(events []*event) (timer time.Duration, at, off []*event) {
	for _, t := range roundTimers {
		var in, out []*event
		for _, e := range events {
			if d := lasted(e); d >= t-5*time.Millisecond && d <= t+max(t/50, 60*time.Millisecond) {
				in = append(in, e)
			} else {
				out = append(out, e)
			}
		}
		if len(in) > len(at) {
			timer, at, off = t, in, out
		}
	}
	return timer, at, off
}
