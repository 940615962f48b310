package diagnose

import (
	"fmt"

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
		t := q.withLoad(events)
		if len(events) < minEvents || 10*quick < 9*len(events) || !t.rises() {
			continue
		}
		f := q.claim("g-shed-503", events, scopeOf(events), High)
		f.says("access-log", fmt.Sprintf("%d × 503 from the backend itself, %d of them sooner than it answers anything else", len(events), quick), events...)
		f.says("access-log", fmt.Sprintf("%d of %d moments at which it did so were in the busier half of the traffic (%.0f requests a second at the top, %.0f at the bottom)", t.upper, t.n, t.high, t.low))
		f.excludes("g-dependency-down", "a dependency that fails does so whatever the load")
		f.leaves("k-chained-proxy")
		f.expect("backend", 0, len(events), "bounded", "with more capacity, or a higher limit")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}
