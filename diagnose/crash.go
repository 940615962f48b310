package diagnose

import (
	"fmt"
)

// crashOnInput: a kind of request makes the member drop the connection, each time, on whatever connection it comes. It
// is told from accidents by its exclusiveness: the route never gets an answer, while the same members answer others.
func crashOnInput(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.own && e.closedUnanswered() }), (*event).route)
	for _, k := range keys {
		events := groups[k]
		r := q.routes[k]
		others := q.answeredElsewhere(k.settings, k.path)
		fresh := 0
		for _, e := range events {
			if !e.attempt.Reused {
				fresh++
			}
		}
		switch {
		case r == nil || r.answered > 0 || others == 0 || len(events) < 3 || fresh == 0:
			q.suspect(events, "send one of these requests alone, on a fresh connection, to the member, and read its own log at that time",
				suspectsOfClose(events)...)
			continue
		}
		confidence := High
		if len(events) < minEvents {
			confidence = Medium
		}
		scope := scopeOf(events)
		f := q.claim("g-crash-on-input", events, scope, confidence)
		f.says("access-log", fmt.Sprintf("%s %s was never answered: %d attempts, %d of them on a fresh connection, each ended by the member before a byte of an answer",
			events[0].method, k.path, len(events), fresh), events...)
		f.says("access-log", fmt.Sprintf("the same backend settings answered %d requests to other paths", others))
		f.excludes("c-idle-race", fmt.Sprintf("%d of them were on connections that had never been idle", fresh))
		f.excludes("c-restart", "other requests went on being answered")
		f.leaves("e-uri-rejected", "c-middlebox-reset")
		f.expect("backend", len(events), len(events), "bounded", "once the member answers this request; with what status is another question")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

// suspectsOfClose are the causes that leave closed connections like these.
func suspectsOfClose(events []*event) []string {
	fresh, reused := 0, 0
	for _, e := range events {
		if e.attempt.Reused {
			reused++
		} else {
			fresh++
		}
	}
	var out []string
	if reused > 0 {
		out = append(out, "c-idle-race", "c-keepalive-max-requests", "c-max-age", "b-stateful-idle-rst")
	}
	if fresh > 0 {
		out = append(out, "c-backend-conn-limit", "e-foreign-service")
	}
	return append(out, "g-crash-on-input", "g-oom-kill", "c-restart")
}

// answeredElsewhere counts the answers under the same settings to other routes.
func (q *inquiry) answeredElsewhere(settings, path string) int {
	n := 0
	for k, r := range q.routes {
		if k.settings == settings && k.path != path {
			n += r.answered
		}
	}
	return n
}
