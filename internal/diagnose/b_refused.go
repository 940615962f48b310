package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/fault"
)

var refusedConnections = hypothesis{
	cause: "b-refused", needs: theTrace,
	test: "every attempt to connect is refused, over longer than a restart takes, and nobody is answered meanwhile",
	look: refused,
}

// refused: the host answered that nothing listens, and went on doing so.
func refused(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(is(fault.Backend, fault.Connect, fault.Refused)), (*event).key)
	for _, k := range keys {
		events := groups[k]
		first, last := events[0].start, events[len(events)-1].at
		between := q.members[k].answers.between(first.Add(bucket), last.Add(-bucket))
		if between > 0 || len(events) < 3 {
			q.suspect(events, "look at the listener on "+k.server.String()+" (ss -ltn), at when its process started, and at what else may refuse for it: a firewall, or an address that several hosts share",
				"c-ignores-sigterm-listener-close", "b-refused", "b-reject", "c-restart")
			continue
		}
		if wasHeldBack(events) && last.Sub(first) < lasting && !q.downAt(events[0], last) {
			q.suspect(events, k.member+" was held back after these, and nobody asked it again in this window: causeway health says whether its probes reach it now; look at when its process started",
				"b-refused", "c-restart", "b-reject", "c-ignores-sigterm-listener-close")
			continue
		}
		f := q.claim("b-refused", events, scopeOf(events), Medium)
		f.says("access-log", fmt.Sprintf("%d attempts to connect to %s were refused (ECONNREFUSED) within %s; it answered nobody in that time", len(events), k.server, seconds(last.Sub(first))), events...)
		if last.Sub(first) >= lasting || q.downAt(events[0], last) {
			f.Confidence = High
			f.excludes("c-restart", "a process that is started again listens again sooner")
		} else {
			f.leaves("c-restart")
		}
		f.leaves("b-reject")
		if !isAddress(k.member) {
			f.may("b-dns-stale")
		}
		if q.config != nil && !q.listed(k.member) {
			f.may("c-endpoint-lag")
		}
		if q.allRefuse(k.settings, groups) {
			f.may("i-wrong-port")
		}
		f.expect("backend", len(events), len(events), "exact", "with a listener on the port none of them is refused")
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}

// lasting is how long nothing may listen before it is more than a restart.
const lasting = 10 * time.Second

// downAt reports whether the probes saw the event's member down at some time after the failures began, and it stayed so.
func (q *inquiry) downAt(e *event, last time.Time) bool {
	t := q.trailOf(e)
	if t == nil || len(t.changes) == 0 {
		return false
	}
	end := t.changes[len(t.changes)-1]
	return !end.up && end.at.After(e.start) && !end.at.After(last.Add(time.Minute))
}

// allRefuse reports whether every member under the settings refuses and none has answered: then it may be the port.
func (q *inquiry) allRefuse(settings string, refused map[memberKey][]*event) bool {
	for k, m := range q.members {
		if k.settings == settings && (m.answered > 0 || len(refused[k]) == 0) {
			return false
		}
	}
	return true
}
