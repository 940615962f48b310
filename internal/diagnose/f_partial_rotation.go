package diagnose

import (
	"fmt"
	"strings"
)

var partialRotations = hypothesis{
	cause: "f-partial-rotation", needs: theLog,
	test: "certificates are refused at some members under the settings, while others answer over TLS with theirs",
	look: partialRotation,
}

// partialRotation is no cause of its own: it says that the members differ, so somebody has mended only some of them.
func partialRotation(q *inquiry) {
	// Of another name or another issuer: that may be another server altogether.
	_, by := groupBy(q.eventsOf("f-expired", "f-not-yet-valid", "f-missing-intermediate"), func(e *event) string { return e.settings })
	for _, settings := range sortedKeys(by) {
		events := by[settings]
		bad := map[string]bool{}
		for _, e := range events {
			bad[e.member] = true
		}
		good, until := 0, events[len(events)-1].at
		if wasHeldBack(events) { // the failures are few, and the others go on
			until = q.to
		}
		for k, m := range q.members {
			if k.settings == settings && !bad[k.member] && m.answers.between(events[0].start, until) >= minEvents {
				good++
			}
		}
		if good == 0 || len(events) < enough(events) {
			continue
		}
		f := q.remark("f-partial-rotation", events, Scope{Pool: events[0].pool, Settings: settings}, confidenceOf(events[0].own))
		f.says("access-log", fmt.Sprintf("certificates are refused at %s, and %d other members under the same settings answer", strings.Join(sortedKeys(bad), ", "), good), events...)
		q.fill(map[string]string{}, f)
	}
}
