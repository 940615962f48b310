package diagnose

import (
	"fmt"

	"causeway/internal/fault"
)

var goneMembers = hypothesis{
	cause: "c-endpoint-lag", needs: theLog | theDocument,
	test: "a member refuses until it gets no requests any more, sooner than its probes could have taken it out, and the document no longer has it",
	look: endpointLag,
}

// refusedInARow reports whether new connections failed until the member was held back: that is soon, and no end of work under way.
func refusedInARow(events []*event) bool {
	return wasHeldBack(events) && len(filtered(events, connectFailed)) == len(events)
}

// endpointLag: a member was gone before the document said so. What the gateway sent there meanwhile failed.
func endpointLag(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		return connectFailed(e) || !e.own && brokeSomehow(e) && e.fault.Kind != fault.Status
	}), (*event).key)
	for _, k := range keys {
		events, m, p := groups[k], q.member(k), q.probing(k.settings)
		first, last := events[0].start, lastStart(events)
		slack := 2*bucket + events[0].resolution()
		gone := q.turnsAfter(k, last.Add(slack)) >= minEvents && m.tried.between(last.Add(slack), q.to) == 0
		fine, _ := m.answers.before(first) // it may have been gone since then, and its probes know
		if len(events) < enough(events) || q.fewUsers(events) || !gone || m.answers.between(q.from, first) < enoughAnswers || m.answers.between(first.Add(slack), q.to) > 0 || endedTogether(events) && !refusedInARow(events) {
			continue
		}
		if q.listed(k.member) || q.trailOf(events[0]) != nil || last.Sub(fine)+slack > p.notices() {
			continue
		}
		f := q.claim("c-endpoint-lag", events, scopeOf(events), confidenceOf(events[0].own))
		f.says("access-log", fmt.Sprintf("%s answered until %s; then %d attempts on it failed until %s, and none was made after, while %d went to the others",
			k.member, stamp(fine), len(events), stamp(last), q.othersTried(k, last.Add(slack), q.to)), events...)
		f.says("configuration", fmt.Sprintf("the document no longer has it, and its probes need %s at least to take a member out: it was the document that did", seconds(p.notices())))
		if f.excludes("c-restart", "it did not come back"); events[0].own {
			f.excludes("a-slow-eviction", "the probes could not have taken it out so soon")
		} else { // nor is it known what its probes met, and when
			f.may("a-slow-eviction", "c-scale-in")
			f.may(append(besideEcho(events), q.movedAway(events)...)...)
		}
		f.expect("backend", len(events), len(events), "exact", fmt.Sprintf("a member that goes on serving for %s after it was told to stop loses none of them", seconds(last.Sub(fine))))
		f.expect("gateway", 0, len(events), "bounded", "in proportion to how much sooner the document follows")
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}
