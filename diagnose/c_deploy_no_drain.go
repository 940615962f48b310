package diagnose

import (
	"fmt"
	"time"
)

var rollouts = hypothesis{
	cause: "c-deploy-no-drain", needs: theTrace,
	test: "several members are away and come back, one after another, within minutes: a roll-out that lets requests fall",
	look: deployNoDrain,
}

// rollout is how far apart the restarts of one roll-out may begin.
const rollout = 15 * time.Minute

// deployNoDrain tells a roll-out from a single restart by its order.
func deployNoDrain(q *inquiry) {
	type away struct {
		k memberKey
		o outage
	}
	bySettings := map[string][]away{}
	q.memberOutages(func(k memberKey, m *memberTally, o outage) {
		back, returned := m.answers.after(o.last().Add(-time.Second))
		o.events = trimBefore(o.events)
		if returned && o.likeARestart(m) && !q.evicted(o, back) {
			bySettings[k.settings] = append(bySettings[k.settings], away{k, o})
		}
	})
	for _, settings := range sortedKeys(bySettings) {
		list := bySettings[settings]
		members, first, last := map[memberKey]int{}, list[0].o.from(), list[0].o.from()
		overlap := false
		var events []*event
		for i, a := range list {
			members[a.k]++
			events = append(events, a.o.events...)
			if a.o.from().Before(first) {
				first = a.o.from()
			}
			if a.o.from().After(last) {
				last = a.o.from()
			}
			for _, b := range list[:i] {
				overlap = overlap || a.k != b.k && a.o.from().Before(b.o.last()) && b.o.from().Before(a.o.last())
			}
		}
		if len(members) < 2 || len(list) > len(members) || overlap || last.Sub(first) > rollout {
			continue
		}
		f := q.claim("c-deploy-no-drain", events, scopeOf(events), confidenceOf(len(members) >= 3 || len(q.changes()) > 0))
		f.says("access-log", fmt.Sprintf("%d members were away one after another between %s and %s, each came back by itself, and requests fell each time", len(members), stamp(first), stamp(last)), events...)
		f.excludes("g-oom-kill", "processes that are killed do not take turns")
		f.leaves("c-restart")
		f.expect("backend", countVisible(events), len(events), "bounded", "a graceful stop loses none of them")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}
