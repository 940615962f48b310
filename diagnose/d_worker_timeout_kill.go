package diagnose

import (
	"fmt"
	"time"

	"causeway/fault"
)

var killedWorkers = hypothesis{
	cause: "d-worker-timeout-kill", needs: theLog,
	test: "the member closes connections under requests at one round age of the request, on fresh and reused connections alike, and no answer takes as long",
	look: workerTimeoutKill,
}

// workerTimeoutKill: the server's supervisor ends a worker that has been at a request for too long; the gateway sees a
// close and not a timeout.
func workerTimeoutKill(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.closedUnanswered() && e.fault.Phase == fault.Wait || closedSomehow(e) }), (*event).key)
	for _, k := range keys {
		timer, at, off := atRoundTimer(groups[k])
		limit := q.timeouts[k.settings]
		m := q.member(k)
		switch {
		case len(at) < minEvents || 4*len(off) > len(at) || independent(at) < minEvents:
			continue
		case limit > 0 && timer+timerBand(limit) >= limit, m.waits.between(timer+timer/20, m.waits.most+time.Second) > 0:
			continue
		}
		f := q.claim("d-worker-timeout-kill", at, scopeOf(at), Medium)
		took := sortedDurations(at, lasted)
		f.says("access-log", fmt.Sprintf("%d connections of %s ended %s to %s after the request on them had begun; no answer of it took longer than %s", len(at), k.member,
			seconds(took[0]), seconds(took[len(took)-1]), seconds(m.waits.most)), at...)
		f.excludes("c-idle-race", "they ended long after the request had come, not as it came")
		f.excludes("g-crash-on-input", "a crash follows the request, not the clock")
		f.leaves("d-inner-timeout", "c-l4-between")
		f.expect("backend", 0, len(at), "bounded", "with a longer limit some of them would be answered; how many is not in the evidence")
		q.fill(map[string]string{"address": k.server.String(), "timer": seconds(timer)}, f)
	}
}
