package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"causeway/fault"
)

var shedding = hypothesis{
	cause: "g-shed-503", needs: theLog,
	test: "the backend answers 503 or 429 sooner than it can have tried, and does so when much traffic comes",
	look: shed,
}

// shed: the backend refuses on purpose what it could not serve in time.
func shed(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.fault.Kind == fault.Status && e.status == 503 && e.attempt.Status == 503 }),
		func(e *event) string { return e.settings })
	for _, k := range keys {
		events := groups[k]
		quick := 0
		for _, e := range events {
			if wait := e.attempt.Wait; wait >= 0 && wait <= q.member(e.key()).fastFor() || wait < 0 && lasted(e) <= q.member(e.key()).fastFor() {
				quick++
			}
		}
		t, w := q.withLoad(events), q.withWork(events)
		if len(events) < minEvents || 10*quick < 9*len(events) || !t.rises() && !(w.rises() && 5*q.servedBeside(events) >= 4*len(events)) {
			continue
		}
		f := q.claim("g-shed-503", events, scopeOf(events), confidenceOf(t.rises() || w.n >= minEvents))
		f.says("access-log", fmt.Sprintf("%d × 503 from the backend itself, %d of them sooner than it answers anything else%s", len(events), quick, asking(events)), events...)
		if t.rises() {
			f.says("access-log", fmt.Sprintf("%d of %d moments at which it did so were in the busier half of the traffic (%.0f requests a second at the top, %.0f at the bottom)", t.upper, t.n, t.high, t.low))
		}
		if w.rises() {
			f.says("access-log", fmt.Sprintf("in %d of %d seconds in which it did so, it did when %d or more other requests were in progress at the member, and never when fewer were; %s of what it served was asked for then", w.above, w.n, w.level, percent(w.served, w.all)))
		}
		f.excludes("g-dependency-down", "a dependency that fails does so whatever the load")
		f.leaves("k-chained-proxy")
		f.may("g-retry-storm")
		f.expect("backend", 0, len(events), "bounded", "with more capacity, or a higher limit")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

// servedBeside counts the refusals within half a second of which the same kind of request was served: who is full still
// works, while what is broken serves nobody.
func (q *inquiry) servedBeside(events []*event) int {
	n := 0
	_, byRoute := groupBy(events, (*event).route)
	for k, same := range byRoute {
		r := q.routes[k]
		for _, e := range same {
			from, to := e.at.Add(-time.Second/2), e.at.Add(time.Second/2)
			if r != nil && r.answers.between(from, to) > q.clock.events(same, from, to) {
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
