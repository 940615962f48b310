package diagnose

import (
	"fmt"
	"math"
	"time"
)

var coldStarts = hypothesis{
	cause: "d-cold-start", needs: theLog,
	test: "what times out are the first requests after a member had none for a while, each time, and hardly any of the others",
	look: coldStart,
}

// quietTimes are the lengths of quiet that are tried, the longest first: of those that fit, it says the most.
var quietTimes = []time.Duration{time.Hour, 30 * time.Minute, 10 * time.Minute, 5 * time.Minute, time.Minute, 30 * time.Second, 10 * time.Second, 5 * time.Second, 2 * time.Second, time.Second}

// coldStart: a member that has had nothing to do for a while has been put to sleep, or has lost its caches. On a connection
// that had been idle as long it may be the way that has forgotten it, so only requests on new ones decide.
func coldStart(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(isTimeout), (*event).key)
	for _, k := range keys {
		events, m := groups[k], q.member(k)
		for _, d := range quietTimes {
			if d < 4*(bucket+events[0].resolution()) {
				continue
			}
			first := filtered(events, func(e *event) bool { return m.tried.quietBefore(e.start, d) })
			some, all := m.tried.afterQuiet(d)
			if len(first) < minEvents || apart(first, d/2) < 3 || !mostly(first, events) || 2*len(first) < some || m.answered-m.errors < enoughAnswers {
				continue
			}
			if chance := math.Pow(float64(some)/float64(all), float64(apart(first, d/2))); chance*float64(len(quietTimes)) >= significance {
				continue
			}
			q.startedCold(k, d, first, some, all)
			break
		}
	}
}

func (q *inquiry) startedCold(k memberKey, quiet time.Duration, events []*event, some, all int) {
	fresh := len(filtered(events, func(e *event) bool { return e.own && !e.attempt.Reused }))
	if events[0].own && 2*fresh < len(events) {
		return // the connections had been idle as long as the member
	}
	f := q.claim("d-cold-start", events, scopeOf(events), confidenceOf(events[0].own))
	f.says("access-log", fmt.Sprintf("%d of %d requests to %s that came after it had had none for %s or more timed out, at %d different times; %d others were sent to it", len(events), some, k.member, seconds(quiet), apart(events, quiet/2), all-some), events...)
	if fresh > 0 {
		f.excludes("b-stateful-idle-drop", fmt.Sprintf("%d of them were on new connections", fresh))
	} else {
		f.may("b-stateful-idle-drop")
	}
	f.excludes("d-timeout-below-latency", "only the first after a quiet time are late")
	f.leaves("d-gc-pause")
	f.expect("backend", 0, len(events), "bounded", "a member that is kept warm has no first request")
	q.fill(map[string]string{"address": k.server.String()}, f)
}

// filtered are the events that want keeps.
func filtered(events []*event, want func(*event) bool) []*event {
	var out []*event
	for _, e := range events {
		if want(e) {
			out = append(out, e)
		}
	}
	return out
}
