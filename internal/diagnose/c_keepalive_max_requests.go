package diagnose

import (
	"fmt"
)

var useLimit = hypothesis{
	cause: "c-keepalive-max-requests", needs: theTrace,
	test: "the lost requests were each the next one on their connection, and none was answered beyond that number",
	look: maxRequests,
}

// maxRequests: the member ends a connection after a fixed number of requests, without having announced it. Then every
// lost request was the next one on its connection, none was ever answered beyond that number, and idle age and age of
// the connections differ.
func maxRequests(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.own && e.closedUnanswered() && e.attempt.Reused }), (*event).key)
	for _, k := range keys {
		events := groups[k]
		uses, same := commonUses(events)
		m := q.members[k]
		if !mostly(same, events) || m.mostUses >= uses {
			continue
		}
		if uses < 2 || !q.idlenessIsInnocent(k, same) {
			q.suspect(same, "the lost requests were also on connections idle for longer than any that was answered: look for an idle limit of the member, or of a firewall between",
				"c-keepalive-max-requests", "b-stateful-idle-rst", "c-idle-race")
			continue
		}
		f := q.claim("c-keepalive-max-requests", same, scopeOf(same), High)
		f.says("access-log", fmt.Sprintf("%d requests were lost on connections of %s that had carried exactly %d requests; no connection was answered after more than %d",
			len(same), k.member, uses, m.mostUses), same...)
		idle := sortedDurations(same, closedAt)
		f.excludes("c-idle-race", fmt.Sprintf("the connections had been idle for anything between %s and %s when they ended", seconds(idle[0]), seconds(idle[len(idle)-1])))
		f.excludes("c-restart", "the member ends one connection at a time, each at its own number of requests")
		f.expect("backend", len(same), len(same), "exact", "a connection that says Connection: close with its last answer is not used again")
		q.fill(map[string]string{"address": k.server.String(), "uses": fmt.Sprint(uses)}, f)
	}
}

// idlenessIsInnocent reports whether connections that had been idle for as long did answer.
func (q *inquiry) idlenessIsInnocent(k memberKey, events []*event) bool {
	longest, n := q.longestAnswered(k), 0
	for _, e := range events {
		if e.attempt.Idle <= longest {
			n++
		}
	}
	return 5*n >= 4*len(events)
}

// commonUses is the number of requests that most of the connections had carried.
func commonUses(events []*event) (uses int, same []*event) {
	by := map[int][]*event{}
	for _, e := range events {
		u := e.attempt.Uses
		if by[u] = append(by[u], e); len(by[u]) > len(same) || len(by[u]) == len(same) && u < uses {
			uses, same = u, by[u]
		}
	}
	return uses, same
}
