package diagnose

import (
	"fmt"
	"time"
)

var doubledWaits = hypothesis{
	cause: "d-retry-doubling", needs: theLog,
	test: "requests failed after twice the request timeout: a second member was waited for as long",
	look: retryDoubling,
}

// retryDoubling is no cause of its own: what made the first member late is. It doubles the wait, and the work.
func retryDoubling(q *inquiry) {
	for _, l := range q.latecomers() {
		if l.limit == 0 {
			continue
		}
		var twice []*event
		for _, e := range l.events {
			if e.visible && e.tries > 1 && (e.taken-2*l.limit).Abs() <= 2*timerBand(l.limit) && e.taken > l.limit*3/2 && l.limit > 2*timerBand(l.limit)-time.Millisecond {
				twice = append(twice, e)
			}
		}
		if len(twice) < 3 {
			continue
		}
		f := q.remark("d-retry-doubling", twice, l.scope, High)
		f.says("access-log", fmt.Sprintf("%d requests failed about %s after they began: twice the request timeout of %s", len(twice), seconds(2*l.limit), seconds(l.limit)), twice...)
		q.fill(map[string]string{"timeout": seconds(l.limit), "address": address(twice)}, f)
	}
}
