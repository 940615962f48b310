package diagnose

import (
	"fmt"
	"math"
)

// atOneMember leaves requests open that one member makes late: to wait longer for it is no cure, and their kind is not to
// blame.
func (q *inquiry) atOneMember(l *late) bool {
	member, ok := q.mostlyAt(l)
	if ok {
		q.suspect(l.events, fmt.Sprintf("most of them were at %s, and would not be late if it were as quick as its equals: compare it with them, and what else it has to do", member),
			"g-noisy-member", "g-io-stall", "g-head-of-line-member", "d-gc-pause", "d-slow-route", "d-timeout-below-latency")
	}
	return ok
}

// inBouts leaves requests open that are late together with their neighbours.
func (q *inquiry) inBouts(l *late) bool {
	b := q.boutsOf(l)
	if b.come() {
		q.suspect(l.events, b.next(l)+q.withArrivals(l), q.besideBouts(l)...)
	}
	return b.come()
}

// next is what to look at.
func (b bouts) next(l *late) string {
	what := "these requests"
	if l.scope.Path != "" {
		what = "requests to " + l.scope.Path
	}
	return fmt.Sprintf("they come in bouts: %d of %d slow ones came within %s of the one before, by accident %.0f would; between these %s are in time, so look what they wait for in them: the locks, the pool and the services behind, pauses, and what else ran then; a longer timeout would hide that at best",
		b.close, b.n, count(b.within, "request", "requests"), b.share*float64(b.n), what)
}

// withArrivals says how much more traffic there was then, where there was.
func (q *inquiry) withArrivals(l *late) string {
	then, otherwise, ok := q.arrivals(l.events)
	if did, busy := q.asBusy(l.events, (*interval).came); !ok || then < uneven*otherwise || 2*did < busy {
		return ""
	}
	return fmt.Sprintf("; %s requests a second came at those times, and %s at others: what is short for them then is likelier than a fault of one kind of request", trimmed(then, 1), trimmed(otherwise, 1))
}

// besideBouts are the causes of times at which requests are slow. Where much traffic came then, what all requests share comes
// first; else, of one kind of requests, what it alone needs.
func (q *inquiry) besideBouts(l *late) []string {
	alone := []string{"d-db-lock", "g-dependency-down", "g-conn-pool-db", "d-slow-route"}
	all := []string{"g-worker-pool", "g-cpu-queueing", "d-gc-pause"}
	if others, slowest := q.otherRoutes(l); q.withArrivals(l) == "" && l.scope.Path != "" && others.n >= enoughAnswers && slowest <= l.limit/2 {
		return append(append(alone, all...), "d-timeout-below-latency")
	}
	return append(append(all, alone...), "d-timeout-below-latency", "h-autoscale-lag")
}

// bouts tells whether slow requests follow each other. One that is slow for its own sake is so whatever its neighbours are;
// a queue, a lock, a pause or a slow time makes neighbours slow together.
type bouts struct {
	n      int     // slow requests that come after another one
	close  int     // of these, soon after it
	within int     // how many requests of these kinds that is; about half would come so soon by accident
	share  float64 // that comes so soon by accident
}

// boutsOf looks at the requests that waited in vain, and at the answers in the last third before the timeout.
func (q *inquiry) boutsOf(l *late) (b bouts) {
	places, all := q.placesOf(l)
	if len(places) < 2 || len(places) >= all {
		return b
	}
	others := math.Log1p(-float64(len(places)) / float64(all))
	b.within = max(1, int(math.Log(0.5)/others))
	b.n, b.share = len(places)-1, 1-math.Exp(others*float64(b.within))
	for i := range b.n {
		if places[i+1]-places[i] <= b.within {
			b.close++
		}
	}
	return b
}

// come reports whether they come in bouts: no accident, and a good part of those that would be apart by accident are not.
func (b bouts) come() bool {
	return b.n > 0 && binomialTail(b.close, b.n, b.share) < significance && float64(b.close) >= float64(b.n)*(b.share+(1-b.share)/3)
}

// placesOf is where the slow ones stand in the order of all requests of their kinds. Those of one moment are spread over it.
func (q *inquiry) placesOf(l *late) (places []int, all int) {
	asked, slow := map[int64]int{}, map[int64]int{}
	for k, r := range q.routes {
		if r == l.route || l.scope.Path == "" && k.settings == l.scope.Settings {
			r.tried.each(func(t beat) { asked[t.at] += t.n })
			r.slow.each(func(t beat) { slow[t.at] += t.n })
		}
	}
	for _, e := range l.events {
		slow[q.clock.number(e.start)]++
	}
	for _, at := range sortedKeys(asked) {
		here, n := asked[at], min(slow[at], asked[at])
		for i := range n {
			places = append(places, all+(2*i+1)*here/(2*n))
		}
		all += here
	}
	return places, all
}

// mostlyAt is the member at which most of them are that would not be late if it were as its equals. Where a cookie binds few
// users to it, it may be they who ask for more.
func (q *inquiry) mostlyAt(l *late) (member string, ok bool) {
	asked := map[memberKey]int{}
	for k, m := range q.members {
		if q.besideOf(k) != q.besideOf(l.events[0].key()) {
			continue
		}
		if kind := m.mix.kinds[l.route]; kind != nil {
			asked[k] = kind.attempts
		} else if l.scope.Path == "" && k.settings == l.scope.Settings {
			asked[k] = m.attempts
		}
	}
	_, failed := groupBy(l.events, (*event).key)
	for _, s := range standsOut(asked, failed) {
		here, there := len(failed[s.key]), len(l.events)-len(failed[s.key])
		asSlow := float64(there) * s.share / max(1-s.share, 1e-9)
		if s.share < 1 && !q.fewUsers(l.events) && 2*(float64(here)-asSlow) >= float64(len(l.events)) {
			return s.key.member, true
		}
	}
	return "", false
}
