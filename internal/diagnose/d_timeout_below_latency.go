package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"causeway/internal/fault"
)

var cutAnswers = hypothesis{
	cause: "d-timeout-below-latency", needs: theLog,
	test: "requests end at the request timeout, many answers came in the last third before it, and both come at any time, load and member",
	look: timeoutBelowLatency,
}

// timeoutBelowLatency: the member does answer, but some answers take longer than the request timeout. Whether a longer
// one would help shows in the answers that did come: if many took nearly as long, the timer cuts through a slope and
// some of the rest would have come too.
func timeoutBelowLatency(q *inquiry) {
	for _, l := range q.latecomers() {
		n, near := q.ofAll(len(l.events)), l.route.lastThird(l.limit)-q.ofAll(q.errorsNear(&l))
		if l.limit == 0 || n < minEvents || near < 3 || 4*near < n || q.silence(l.events) {
			continue
		}
		if !q.atOneMember(&l) && !q.atSlowTimes(&l) && !q.inBouts(&l) {
			q.slowAnswers(&l, near)
		}
	}
}

// atSlowTimes leaves requests open that are late when all are slow, or when much comes. Where they do not come with the
// traffic, what is slow then is not short of processors for that reason.
func (q *inquiry) atSlowTimes(l *late) bool {
	high, low, slow := q.slowTimes(l)
	t := q.withLoad(l.events)
	busy := []string{"g-cpu-queueing", "g-worker-pool", "d-timeout-below-latency", "d-db-lock"}
	switch {
	case slow && (t.rises() || q.withArrivals(l) != ""):
		q.suspect(l.events, slowTimesNext(high, low)+q.withArrivals(l)+"; compare load, processors and workers of the members then", append(busy, "g-dependency-down", "d-gc-pause", "h-autoscale-lag")...)
	case slow:
		q.suspect(l.events, slowTimesNext(high, low)+": look what the members waited for then, the locks, the services behind and their pauses, and how many workers were busy",
			"d-db-lock", "g-dependency-down", "g-worker-pool", "d-gc-pause", "g-cpu-queueing", "d-timeout-below-latency", "h-autoscale-lag")
	case t.rises():
		q.suspect(l.events, fmt.Sprintf("they come when much traffic comes (%d of %d moments in the busier half): compare load, processors and workers of the members then", t.upper, t.n), busy...)
	}
	return slow || t.rises()
}

func slowTimesNext(high, low time.Duration) string {
	return fmt.Sprintf("at slow times answers took %s on the average, and %s at quick ones: it is the time that is slow and not the request", seconds(high), seconds(low))
}

func (q *inquiry) slowAnswers(l *late, near int) {
	confidence := Medium
	if near >= minEvents && 2*near >= q.ofAll(len(l.events)) && !l.assumed {
		confidence = High
	}
	f := q.claim("d-timeout-below-latency", l.events, l.scope, confidence)
	f.says("access-log", fmt.Sprintf("%d requests waited the whole request timeout of %s", len(l.events), seconds(l.limit)), l.events...)
	f.says("access-log", fmt.Sprintf("%d answers came in the last third before it (slowest: %s of %d answers): the timeout cuts through the slower answers",
		near, seconds(l.route.slowest()), l.route.answered))
	if _, changed := q.timeoutNow(l.scope.Settings); changed {
		// advise says so
	} else if l.assumed {
		f.says("access-log", fmt.Sprintf("the request timeout is not among the evidence; %s is where the requests without an answer end", seconds(l.limit)))
	} else {
		f.says("configuration", fmt.Sprintf("requestTimeout of backend settings %q is %s", l.scope.Settings, seconds(l.limit)))
	}
	f.excludes("d-hung", "with requests that never finish there would be no answers just below the timeout")
	f.leaves("g-cpu-queueing", "d-slow-route")
	longer := longerThan(l.limit)
	f.expect("gateway", 0, len(l.events), "bounded", fmt.Sprintf("how long the lost answers would have taken is not in the evidence; %s is the first step, its effect will show", seconds(longer)))
	q.advise(f, l, longer, map[string]string{"address": address(l.events)})
}

// slowTimes compares the answers at slow times with those at quick ones. A timeout that cuts through the slower ones of
// equal requests leaves no great difference between times.
func (q *inquiry) slowTimes(l *late) (slow, quick time.Duration, differ bool) {
	if slow, quick, differ = q.timesOfWaiting(l); differ {
		return slow, quick, true
	}
	return q.timesByPace()
}

// timesOfWaiting compares the times at which requests to these backend settings waited in vain with all others. That the
// failures of one route alone would be few at a time does not matter: what makes the times slow makes them slow for all.
func (q *inquiry) timesOfWaiting(l *late) (during, otherwise time.Duration, differ bool) {
	bad := map[*interval]bool{}
	for _, e := range q.events {
		if !isTimeout(e) || e.settings != l.scope.Settings {
			continue
		}
		for at := e.start; !at.After(e.at); at = at.Add(q.line.width) {
			if i := q.line.around(at); i != nil {
				bad[i] = true
			}
		}
	}
	var in, out interval
	for _, i := range q.line.list() {
		if bad[i] {
			in.join(i)
		} else {
			out.join(i)
		}
	}
	if in.answered < enoughAnswers || out.answered < enoughAnswers {
		return 0, 0, false
	}
	return in.mean(), out.mean(), out.waited > 0 && 2*in.mean() >= 3*out.mean()
}

// timesByPace compares the quarter of the answers that came at the slowest times with that of the quickest, where there
// are enough answers in each time to tell its pace.
func (q *inquiry) timesByPace() (slow, quick time.Duration, differ bool) {
	all, total := q.line.list(), 0
	all = slices.DeleteFunc(all, func(i *interval) bool { return i.answered < minEvents })
	slices.SortStableFunc(all, func(a, b *interval) int { return cmp.Compare(a.mean(), b.mean()) })
	for _, i := range all {
		total += i.answered
	}
	var low, high interval
	seen := 0
	for _, i := range all {
		seen += i.answered
		if 4*seen <= total {
			low.join(i)
		}
		if 4*(seen-i.answered) >= 3*total {
			high.join(i)
		}
	}
	if low.answered < enoughAnswers || high.answered < enoughAnswers {
		return 0, 0, false
	}
	return high.mean(), low.mean(), low.waited > 0 && high.mean() >= 4*low.mean()
}

func (i *interval) join(o *interval) {
	i.answered, i.waited = i.answered+o.answered, i.waited+o.waited
}

// mean is how long an answer took in members.
func (i *interval) mean() time.Duration { return i.waited / time.Duration(max(1, i.answered)) }

// errorsNear counts the answers in the last third before the timeout that were errors: those say nothing of how long a
// good answer would have taken.
func (q *inquiry) errorsNear(l *late) int {
	n := 0
	for _, e := range q.events {
		if e.fault.Kind == fault.Status && e.tallied() && e.settings == l.scope.Settings && (l.scope.Path == "" || e.path == l.scope.Path) && lasted(e) >= l.limit*2/3 && lasted(e) <= l.limit {
			n++
		}
	}
	return n
}
