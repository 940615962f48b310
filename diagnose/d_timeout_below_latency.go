package diagnose

import (
	"fmt"
	"time"

	"causeway/fault"
)

var cutAnswers = hypothesis{
	cause: "d-timeout-below-latency", needs: theLog,
	test: "requests end at the request timeout, and many answers came in the last third before it",
	look: timeoutBelowLatency,
}

// timeoutBelowLatency: the member does answer, but some answers take longer than the request timeout. Whether a longer
// one would help shows in the answers that did come: if many took nearly as long, the timer cuts through a slope and
// some of the rest would have come too.
func timeoutBelowLatency(q *inquiry) {
	for _, l := range q.latecomers() {
		n, near := len(l.events), l.route.lastThird(l.limit)-q.errorsNear(&l)
		if l.limit > 0 && n >= minEvents && near >= 3 && 4*near >= n && !q.silence(l.events) {
			if high, low, slow := q.slowTimes(&l); slow {
				q.suspect(l.events, fmt.Sprintf("while they waited, answers took %s on the average, and %s at other times: it is the time that is slow and not the request; compare load, processors and workers of the members then",
					seconds(high), seconds(low)), "g-cpu-queueing", "g-worker-pool", "d-timeout-below-latency", "d-db-lock", "d-gc-pause", "h-autoscale-lag")
				continue
			}
			if t := q.withLoad(l.events); t.rises() {
				q.suspect(l.events, fmt.Sprintf("they come when much traffic comes (%d of %d moments in the busier half): compare load, processors and workers of the members then", t.upper, t.n),
					"g-cpu-queueing", "g-worker-pool", "d-timeout-below-latency", "d-db-lock")
				continue
			}
			q.slowAnswers(&l, near)
		}
	}
}

func (q *inquiry) slowAnswers(l *late, near int) {
	confidence := Medium
	if near >= minEvents && 2*near >= len(l.events) && !l.assumed {
		confidence = High
	}
	f := q.claim("d-timeout-below-latency", l.events, l.scope, confidence)
	f.says("access-log", fmt.Sprintf("%d requests waited the whole request timeout of %s", len(l.events), seconds(l.limit)), l.events...)
	f.says("access-log", fmt.Sprintf("%d answers came in the last third before it (slowest: %s of %d answers): the timeout cuts through the slower answers",
		near, seconds(l.route.slowest()), l.route.answered))
	if l.assumed {
		f.says("access-log", fmt.Sprintf("the request timeout is not among the evidence; %s is where the requests without an answer end", seconds(l.limit)))
	} else {
		f.says("configuration", fmt.Sprintf("requestTimeout of backend settings %q is %s", l.scope.Settings, seconds(l.limit)))
	}
	f.excludes("d-hung", "with requests that never finish there would be no answers just below the timeout")
	f.leaves("g-cpu-queueing", "d-slow-route")
	longer := (l.limit*3/2 + time.Second - 1).Truncate(time.Second)
	f.expect("gateway", 0, len(l.events), "bounded", fmt.Sprintf("how long the lost answers would have taken is not in the evidence; %s is the first step, its effect will show", seconds(longer)))
	q.fill(map[string]string{"timeout": seconds(l.limit), "newTimeout": seconds(longer), "newTimeoutSeconds": fmt.Sprint(int(longer.Seconds())), "address": address(l.events)}, f)
}

// slowTimes compares the answers at times at which requests waited in vain with those at all others. A timeout that cuts
// through the slower ones of equal requests leaves no difference between the two.
func (q *inquiry) slowTimes(l *late) (during, otherwise time.Duration, slow bool) {
	bad := map[*interval]bool{}
	for _, e := range l.events {
		for at := e.start; !at.After(e.at); at = at.Add(q.line.width) {
			if i := q.line.around(at); i != nil {
				bad[i] = true
			}
		}
	}
	var in, out interval
	for _, i := range q.line.list() {
		sum := &out
		if bad[i] {
			sum = &in
		}
		sum.answered, sum.waited = sum.answered+i.answered, sum.waited+i.waited
	}
	if in.answered < enoughAnswers || out.answered < enoughAnswers {
		return 0, 0, false
	}
	during, otherwise = in.waited/time.Duration(in.answered), out.waited/time.Duration(out.answered)
	return during, otherwise, otherwise > 0 && during >= 2*otherwise
}

// errorsNear counts the answers in the last third before the timeout that were errors: those say nothing of how long a
// good answer would have taken.
func (q *inquiry) errorsNear(l *late) int {
	n := 0
	for _, e := range q.events {
		if e.fault.Kind == fault.Status && e.settings == l.scope.Settings && (l.scope.Path == "" || e.path == l.scope.Path) && lasted(e) >= l.limit*2/3 && lasted(e) <= l.limit {
			n++
		}
	}
	return n
}
