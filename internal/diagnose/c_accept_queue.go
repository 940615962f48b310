package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/fault"
)

var fullQueues = hypothesis{
	cause: "c-accept-queue", needs: theTrace,
	test: "some attempts to connect to a member run into their timeout and others come about late, at the steps at which the kernel asks again, while requests on open connections are answered as ever",
	look: acceptQueue,
}

// ladder are the times after which an attempt to connect succeeds that was first dropped: Linux asks again after one
// second, at first every second, on older kernels at doubled intervals.
var ladder = []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second, 7 * time.Second}

// acceptQueue: the member does not accept as fast as connections come, so its kernel drops attempts; those that ask again
// in time are taken.
func acceptQueue(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(is(fault.Network, fault.Connect, fault.Timeout)), (*event).key)
	for _, k := range keys {
		events, m := groups[k], q.member(k)
		late := 0
		for _, step := range ladder {
			late += m.connect.between(step-20*time.Millisecond, step+150*time.Millisecond)
		}
		quick := m.connect.between(0, 500*time.Millisecond)
		inTime := m.answers.between(events[0].start, events[len(events)-1].at) - m.fresh.between(events[0].start, events[len(events)-1].at)
		others := 0
		for o, x := range q.members {
			if o != k && o.settings == k.settings {
				for _, step := range ladder {
					others += x.connect.between(step-20*time.Millisecond, step+150*time.Millisecond)
				}
			}
		}
		if len(events)+late < minEvents || late < 3 || quick == 0 || others > late/4 {
			continue
		}
		f := q.claim("c-accept-queue", events, scopeOf(events), confidenceOf(inTime >= enoughAnswers && late >= minEvents))
		f.says("access-log", fmt.Sprintf("%d attempts to connect to %s ran into their timeout, %d came about only when the kernel asked again (after 1, 2, 3 … s), %d at once", len(events), k.member, late, quick), events...)
		f.says("access-log", fmt.Sprintf("meanwhile %d requests on open connections were answered", inTime))
		f.excludes("b-drop", "some attempts succeed")
		f.leaves("b-loss", "c-syn-limit")
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}
