package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/fault"
)

var clientAbort = hypothesis{
	cause: "j-client-abort", needs: theLog,
	test: "the client ended its side of the connection before the answer was complete",
	look: clientLeft,
}

// clientLeft: the client ended the connection first. It is asked before anything else, so that no member is blamed for
// a request that nobody waited for.
func clientLeft(q *inquiry) {
	events := q.unclaimed(func(e *event) bool {
		if e.fault.Side != fault.Client || q.fromMember(e) || !e.own && e.fault.Phase == fault.Upload {
			return false
		}
		gone := e.fault.Kind == fault.Closed || e.fault.Kind == fault.Reset
		return gone || e.fault.Phase == fault.Deliver
	})
	events = q.withoutImpatience(events)
	if len(events) == 0 {
		return
	}
	f := q.claim("j-client-abort", events, scopeOf(events), High)
	waited := sortedDurations(events, func(e *event) time.Duration { return e.taken })
	f.says("access-log", fmt.Sprintf("%s ended from the client's side; they had waited %s in the median, %s at most, as far as the gateway could tell",
		count(len(events), "request", "requests"), seconds(quantile(waited, 0.5)), seconds(waited[len(waited)-1])), events...)
	if spread := waited[len(waited)*9/10] - waited[len(waited)/10]; len(waited) >= minEvents && spread < quantile(waited, 0.5)/10 {
		f.says("access-log", fmt.Sprintf("nearly all of them left after the same time: a timer of the client's, about %s", seconds(quantile(waited, 0.5))))
	}
	if slow := q.unclaimed(isTimeout); len(slow) > 0 {
		f.leaves("d-timeout-below-latency")
	}
	f.expect("client", 0, len(events), "unknown", "whether they would have waited for the answer is not in the evidence")
	q.fill(map[string]string{}, f)
}

// patience is how long one waits before one gives up.
const patience = 500 * time.Millisecond

// impatient reports whether a client left while it waited longer than any answer of its route had taken: it may have given
// up because the member was slow, and then it is not the client that failed.
func (q *inquiry) impatient(e *event) bool {
	r := q.routes[e.route()]
	return e.fault.Phase == fault.Wait && e.tried && r != nil && e.taken >= patience && (r.answered == 0 || e.taken > r.slowest())
}

// withoutImpatience sets the impatient ones aside.
func (q *inquiry) withoutImpatience(events []*event) (rest []*event) {
	var late []*event
	for _, e := range events {
		if q.impatient(e) {
			late = append(late, e)
		} else {
			rest = append(rest, e)
		}
	}
	if len(late) > 0 {
		rivals := []string{"d-slow-route", "d-hung", "j-client-abort", "j-client-timer-spike"}
		if !late[0].own { // the phase is not known
			rivals = append(rivals, "j-client-rst-mid-download")
		}
		q.suspect(late, "these clients waited longer than any answer to such a request took, and left: find out what the member did with these requests before you blame the clients", rivals...)
	}
	return rest
}
