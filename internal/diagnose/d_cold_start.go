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
			some, rest := m.tried.afterQuiet(d)
			if len(first) < minEvents || apart(first, d/2) < 3 || !mostly(first, events) || 2*len(first) < some.n || m.answered-m.errors < enoughAnswers {
				continue
			}
			share := float64(some.n) / float64(some.n+rest.n)
			if chance := math.Pow(share, float64(apart(first, d/2))); chance*float64(len(quietTimes)) >= significance {
				continue
			}
			q.startedCold(k, d, first, some, rest)
			break
		}
	}
}

func (q *inquiry) startedCold(k memberKey, quiet time.Duration, events []*event, some, rest crowd) {
	fresh := len(filtered(events, func(e *event) bool { return e.own && !e.attempt.Reused || !e.own && e.attempt.Connect > 0 }))
	switch {
	case !q.answeredWarm(events, some.n):
		q.suspect(events, fmt.Sprintf("what comes first after a quiet time is asked for at no other: send such a request to %s after others, and compare", k.member),
			"d-slow-route", "d-cold-start", "d-hung", "d-timeout-below-latency")
		return
	case some.n*rest.times > 2*rest.n*some.times:
		q.suspect(events, fmt.Sprintf("after a quiet time much comes to %s at once: compare the requests under way with its workers then, and send one alone after such a time", k.member),
			"g-worker-pool", "d-cold-start", "g-cpu-queueing", "b-stateful-idle-drop")
		return
	case 2*fresh < len(events) && events[0].own:
		return // the connections had been idle as long as the member
	case 2*fresh < len(events):
		q.suspect(events, fmt.Sprintf("the first requests after a quiet time time out, and the log does not say whether their connections to %s were new: where new ones fail too it is the member that was asleep, else the way has forgotten them", k.member),
			"d-cold-start", "b-stateful-idle-drop")
		return
	}
	f := q.claim("d-cold-start", events, scopeOf(events), confidenceOf(events[0].own))
	f.says("access-log", fmt.Sprintf("%d of %d requests to %s that came after it had had none for %s or more timed out, at %d different times; %d others were sent to it", len(events), some.n, k.member, seconds(quiet), apart(events, quiet/2), rest.n), events...)
	f.excludes("b-stateful-idle-drop", fmt.Sprintf("%d of them were on new connections", fresh))
	f.excludes("d-timeout-below-latency", "only the first after a quiet time are late")
	f.leaves("d-gc-pause")
	f.expect("backend", 0, len(events), "bounded", "a member that is kept warm has no first request")
	q.fill(map[string]string{"address": k.server.String()}, f)
}

// answeredWarm reports whether the same kinds of requests are answered at other times: more of each were answered than
// can have been among the first. Where they are not, nothing tells what is slow, the member or the request.
func (q *inquiry) answeredWarm(events []*event, first int) bool {
	warm := filtered(events, func(e *event) bool { return q.route(e.route()).answered-(first-len(events)) >= minEvents })
	return 5*len(warm) >= 4*len(events)
}
