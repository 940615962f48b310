package diagnose

import (
	"fmt"
	"time"
)

var hiddenFailures = hypothesis{
	cause: "k-hidden-by-retry", needs: theLog,
	test: "attempts failed, a further one went well each time, and no user saw a failure",
	look: hiddenByRetry,
}

// hiddenByRetry: users saw nothing, but for the time that the second attempt took. It is a remark on failures that have a
// cause of their own: what is hidden today is seen once a request comes that may not be sent again.
func hiddenByRetry(q *inquiry) {
	if q.failures > 0 {
		return
	}
	var hidden []*event
	var lost time.Duration
	for _, e := range q.events {
		hidden, lost = append(hidden, e), lost+max(0, e.attempt.Total)
	}
	if len(hidden) == 0 {
		return
	}
	f := q.remark("k-hidden-by-retry", hidden, scopeOf(hidden), High)
	f.says("access-log", fmt.Sprintf("%s had an attempt that failed and a later one that went well, at a cost of %s together; no user saw a failure", count(len(hidden), "request", "requests"), seconds(lost)), hidden...)
	f.expect("gateway", 0, 0, "exact", "there is nothing to save for users but time")
	q.fill(map[string]string{"address": address(hidden)}, f)
}
