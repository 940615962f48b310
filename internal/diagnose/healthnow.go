package diagnose

import (
	"fmt"
	"strings"
)

// healthNow says what is wrong with members that are out now, where there are no requests that would tell: the report of
// health names the reason, and what to do about it is known.
func (q *inquiry) healthNow() {
	if q.requests > 0 {
		return
	}
	for i := range q.trails {
		t := &q.trails[i]
		if t.isUp() {
			continue
		}
		id := q.causeNow(t)
		if id == "a-all-unhealthy-fail-closed" && q.someHealthy(t.pool, t.settings) { // the report names no reason that is known
			continue
		}
		scope := Scope{Pool: t.pool, Settings: t.settings, Member: t.member}
		fact := fmt.Sprintf("%s is %s: %s", t.member, t.now.Health, t.now.Detail)
		f := q.again(id, scope)
		if f == nil {
			f = q.remark(id, nil, scope, confidenceOf(!unsure[id]))
			f.may(sameText[id]...)
			q.fill(map[string]string{"address": t.dial}, f)
		} else if f.Scope.Member != t.member {
			f.Scope.Member = ""
			f.forget()
			q.fill(map[string]string{}, f)
		}
		f.says("backend-health", fact)
	}
}

// causeNow is the cause behind what the report says of a member.
func (q *inquiry) causeNow(t *trail) string {
	now, known := nowOf(t)
	if n := len(t.changes); !known && n > 0 {
		now = t.changes[n-1]
	}
	if strings.EqualFold(t.now.Health, "Unknown") && now.reason == "" {
		return "a-health-unknown"
	}
	return causeOfReason(now)
}
