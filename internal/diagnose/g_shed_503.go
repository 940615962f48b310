package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"causeway/internal/fault"
)

var shedding = hypothesis{
	cause: "g-shed-503", needs: theLog,
	test: "the backend answers 503 sooner than it can have tried, and does so when much traffic comes or much is in progress there, while it serves others of the kind",
	look: shed,
}

// shed: the backend refuses on purpose what it could not serve in time. It does so whenever as much comes, or is in progress,
// and not for a while only; and who is full still serves such requests, while what is broken serves nobody.
func shed(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.fault.Kind == fault.Status && e.status == 503 && e.attempt.Status == 503 }),
		func(e *event) string { return e.settings })
	for _, k := range keys {
		events := groups[k]
		quick, within := q.atOnce(events)
		if len(events) < minEvents || 10*quick < 9*len(events) {
			continue
		}
		t, w := q.withLoad(events), q.withWork(events)
		did, busy := q.asBusy(events, (*interval).load)
		byLoad := t.rises() && 2*did >= busy && 5*q.servedBeside(events, time.Minute/2) >= 4*len(events)
		byWork := w.rises() && w.served < w.refused && 5*q.servedBeside(events, time.Second/2) >= 4*len(events)
		if !byLoad && !byWork {
			continue
		}
		f := q.claim("g-shed-503", events, scopeOf(events), confidenceOf(byLoad || w.n >= minEvents))
		f.says("access-log", fmt.Sprintf("%d × 503 from the backend itself, %d of them within %s, about as soon as its quickest answers or sooner%s", len(events), quick, seconds(within), asking(events)), events...)
		if byLoad {
			f.says("access-log", fmt.Sprintf("%d of %d moments at which it did so were in the busier half of the traffic (%.0f requests a second at the top, %.0f at the bottom); of %d moments that were as busy it did so in %d", t.upper, t.n, t.high, t.low, busy, did))
		}
		if byWork {
			f.says("access-log", fmt.Sprintf("in %d of %d seconds in which it did so, it did when an instance of the gateway had %d or more other requests in progress at the member, and never when fewer were; %s of what it served was asked for then", w.above, w.n, w.level, percent(w.served, w.all)))
		}
		f.excludes("g-dependency-down", "a dependency that fails does so whatever the load")
		f.leaves("k-chained-proxy")
		f.may("g-retry-storm")
		f.expect("backend", 0, len(events), "bounded", "with more capacity, or a higher limit")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

// atOnce counts the refusals that came sooner than a handler of their member can have tried, and says how soon that is.
func (q *inquiry) atOnce(events []*event) (n int, within time.Duration) {
	for _, e := range events {
		limit, took := q.member(e.key()).fastFor(), e.attempt.Wait
		if took < 0 {
			took = lasted(e)
		}
		if within = max(within, limit); took <= limit {
			n++
		}
	}
	return n, within
}

// servedBeside counts the refusals within a time of which the same kind of request was served, as far as the times of the
// log are exact.
func (q *inquiry) servedBeside(events []*event, within time.Duration) int {
	n := 0
	_, byRoute := groupBy(events, (*event).route)
	for k, same := range byRoute {
		r := q.routes[k]
		for _, e := range same {
			around := within + e.resolution()
			from, to := e.at.Add(-around), e.at.Add(around)
			if r != nil && r.answers.between(from, to) > q.ofAll(q.clock.events(same, from, to)) {
				n++
			}
		}
	}
	return n
}

// events counts those of a list, in order of time, that ticks would have between two moments.
func (c *clock) events(list []*event, from, to time.Time) int {
	number := func(e *event, n int64) int { return cmp.Compare(c.number(e.at), n) }
	first, _ := slices.BinarySearchFunc(list, c.number(from), number)
	end, _ := slices.BinarySearchFunc(list, c.number(to)+1, number)
	return end - first
}

// asking says how many of the answers ask the client to wait.
func asking(events []*event) string {
	n := 0
	for _, e := range events {
		if e.attempt.RetryAfter >= 0 {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %d ask to come back later (Retry-After)", n)
}
