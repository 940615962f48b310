package diagnose

import (
	"fmt"
	"time"

	"causeway/fault"
)

var tooSoonBack = hypothesis{
	cause: "a-fast-readmit", needs: theTrace | theHealth,
	test: "a member fails requests in the seconds after its health turned to Up, again and again or for a while, and not later",
	look: fastReadmit,
}

// warmUp is how long after its return to health a member is believed to be still warming up.
const warmUp = 15 * time.Second

// fastReadmit: one good probe brings a member back that cannot serve yet.
func fastReadmit(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		return e.own && e.tried && (e.fault.Kind == fault.Status && e.status >= 500 || e.closedUnanswered() || connectFailed(e))
	}), (*event).key)
	for _, k := range keys {
		events := groups[k]
		t := q.trailOf(events[0])
		if t == nil {
			continue
		}
		var soon []*event
		last := time.Duration(0)
		for _, e := range events {
			if since, ok := t.sinceUp(e.start); ok && since <= warmUp {
				soon = append(soon, e)
				last = max(last, since)
			}
		}
		m := q.member(k)
		if !mostly(soon, events) || m.answers.between(soon[len(soon)-1].at, q.to)-m.errors < minEvents && m.answered-m.errors < enoughAnswers {
			continue
		}
		if _, ok := m.answers.after(soon[len(soon)-1].at); !ok || 2*last > q.to.Sub(soon[0].start) {
			continue
		}
		f := q.claim("a-fast-readmit", soon, scopeOf(soon), confidenceOf(len(soon) == len(events)))
		f.says("access-log", fmt.Sprintf("%d of %d failures of %s came within %s after its health had turned to Up; later it answered", len(soon), len(events), k.member, seconds(last)), soon...)
		f.excludes("k-backend-5xx", "it fails after its return, and not otherwise")
		f.expect("backend", len(soon), len(soon), "exact", "a probe that passes only once the member can serve keeps these requests away from it")
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}
