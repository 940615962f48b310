package diagnose

import (
	"fmt"
	"strings"

	"causeway/internal/fault"
)

var poolWithoutMembers = hypothesis{
	cause: "i-empty-pool", needs: theLog,
	test: "no member was chosen, and the pool has none",
	look: emptyPool,
}

// emptyPool: the pool has no members.
func emptyPool(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		if e.fault.Kind == fault.NoMember {
			return true
		}
		if e.fault.Kind != fault.NoHealthy || q.config == nil {
			return false
		}
		p := q.config.Pool(e.pool)
		return p != nil && len(p.Members) == 0 && !q.answeredAfter(e)
	}), func(e *event) string { return e.pool })
	for _, pool := range keys {
		events := groups[pool]
		f := q.claim("i-empty-pool", events, Scope{Pool: pool}, High)
		f.says("access-log", fmt.Sprintf("%d requests to pool %q found nobody to send them to", len(events), pool), events...)
		f.says("configuration", fmt.Sprintf("pool %q has no backendAddresses", pool))
		f.excludes("a-all-unhealthy-fail-closed", "there is no member that a probe could have taken out")
		f.expect("gateway", len(events), len(events), "exact", "every one of them failed for this reason alone")
		q.fill(map[string]string{}, f)
	}
}

// answeredAfter reports whether members of the event's pool answered later on: then the document, which has none, is of
// another time.
func (q *inquiry) answeredAfter(e *event) bool {
	for _, r := range q.routes {
		if strings.EqualFold(r.pool, e.pool) && r.answers.between(e.at.Add(2*bucket+e.resolution()), q.to) > 0 {
			return true
		}
	}
	return false
}
