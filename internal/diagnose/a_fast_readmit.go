package diagnose

import (
	"fmt"
	"time"
)

var tooSoonBack = hypothesis{
	cause: "a-fast-readmit", needs: theTrace | theHealth,
	test: "a member fails requests in the seconds after its health turned to Up, and not later",
	look: fastReadmit,
}

// warmUp is how long after its return to health a member is believed to be still warming up.
const warmUp = time.Minute

// fastReadmit: one good probe brings a member back that cannot serve yet.
func fastReadmit(q *inquiry) {
	q.warmUps(func(e *event) bool { return e.own && q.sinceReturn(e) <= warmUp }, func(k memberKey, events, soon []*event, good int) {
		since := q.sinceReturn(soon[0])
		if since > warmUp/4 || q.member(k).answers.between(soon[0].start.Add(-since), soon[0].start)-minEvents > 0 {
			return
		}
		f := q.claim("a-fast-readmit", soon, scopeOf(soon), confidenceOf(len(soon) == len(events)))
		f.says("backend-health", fmt.Sprintf("the health of %s turned to Up at %s, %s before", k.member, stamp(soon[0].start.Add(-since)), seconds(since)))
		q.startsBadly(f, k, soon, good)
	})
}

// sinceReturn is how long before an event began its member had come up again; longer than any warm-up if it had not.
func (q *inquiry) sinceReturn(e *event) time.Duration {
	if t := q.trailOf(e); t != nil {
		if since, ok := t.sinceUp(e.start); ok {
			return since
		}
	}
	return 2 * warmUp
}
