package diagnose

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/evidence"
)

var recentChanges = hypothesis{
	cause: "i-recent-change", needs: theLog | theActivity,
	test: "failures of one cause begin within minutes after a change of the gateway or of what it leads to, and there were none before",
	look: recentChange,
}

// soon is how long after a change a failure is still taken for its doing.
const soon = 10 * time.Minute

// recentChange names changes just before failures began. After is not because: it stays a remark, with how often anything
// is changed at all.
func recentChange(q *inquiry) {
	changes := q.changes()
	for _, f := range q.findings {
		first, n := q.firstOf(f)
		if n < minEvents || first.Sub(q.from) < soon {
			continue
		}
		for _, c := range changes {
			if first.Before(c.At) || first.Sub(c.At) > soon {
				continue
			}
			share := float64(len(changes)) * soon.Seconds() / max(1, q.to.Sub(q.from).Seconds())
			r := q.remark("i-recent-change", nil, f.Scope, Medium)
			r.says("activity-log", fmt.Sprintf("%s by %s at %s, %s before the first failure of %s", c.Operation, orSomebody(c.Caller), stamp(c.At), seconds(first.Sub(c.At)), f.Cause))
			r.says("activity-log", fmt.Sprintf("there are %d such changes in this window: by chance one would lie that close in %.0f %% of cases", len(changes), 100*min(1, share)))
			if share > 0.2 {
				r.Confidence = Low
			}
			q.fill(map[string]string{}, r)
			return
		}
	}
}

func orSomebody(caller string) string {
	if caller == "" {
		return "somebody"
	}
	return caller
}

// changes are the events of the activity log that changed something, each operation once.
func (q *inquiry) changes() []evidence.Activity {
	var out []evidence.Activity
	seen := map[string]bool{}
	for _, a := range q.activity {
		op := strings.ToLower(a.Operation)
		if !strings.HasSuffix(op, "/write") && !strings.HasSuffix(op, "/delete") && !strings.HasSuffix(op, "/action") {
			continue
		}
		if s := strings.ToLower(a.Status); s == "failed" || s == "failure" {
			continue
		}
		if a.ID != "" && seen[a.ID] {
			continue
		}
		seen[a.ID] = true
		out = append(out, a)
	}
	return out
}

// firstOf is when the failures of a finding began.
func (q *inquiry) firstOf(f *finding) (first time.Time, n int) {
	for _, e := range q.events {
		if q.causeOf(e) == f.Cause && (f.Scope.Member == "" || f.Scope.Member == e.member) {
			if n == 0 {
				first = e.start
			}
			n++
		}
	}
	return first, n
}
