package diagnose

import (
	"fmt"
	"slices"

	"causeway/internal/fault"
)

var greenProbes = hypothesis{
	cause: "a-green-probe-red-traffic", needs: theLog | theDocument | theHealth,
	test: "a member answers most requests with errors for longer than its probes need to take it out, and stays healthy, because they ask for something else",
	look: greenProbe,
}

// greenProbe: what the probe asks for is well while what users ask for is not. It is a remark on failures that the member
// is to blame for: the probe lets them go on.
func greenProbe(q *inquiry) {
	settings, groups := groupBy(q.failedWith(fault.Status), func(e *event) string { return e.settings })
	for _, s := range settings {
		var red []*event
		proven := true
		members, byMember := groupBy(groups[s], (*event).key)
		for _, k := range members {
			if events := byMember[k]; q.mostlyFails(k, events) && q.alwaysFails(events) && q.asksElse(events) {
				if green, known := q.stayedUp(events); green {
					red, proven = append(red, events...), proven && known
				}
			}
		}
		if len(red) > 0 {
			q.contentProbe(s, red, proven)
		}
	}
}

func (q *inquiry) contentProbe(settings string, red []*event, proven bool) {
	p, t := q.probing(settings), q.trailOf(red[0])
	id := "a-green-probe-red-traffic"
	if n := t.received(); n >= 300 && n < 400 {
		id = "a-probe-redirect-trap"
	}
	f := q.remark(id, red, scopeOf(red), confidenceOf(proven))
	f.says("access-log", fmt.Sprintf("most requests were answered with an error for %s; the probes would have taken a member out within %s", seconds(red[len(red)-1].at.Sub(red[0].start)), seconds(p.takesOut())), red...)
	f.says("configuration", fmt.Sprintf("the probe asks for %s; users ask for %s", p.path, red[0].path))
	if n := t.received(); n > 0 {
		when := "Up all the time"
		if !proven {
			when = "Up now"
		}
		f.says("backend-health", fmt.Sprintf("%s: %s; the last probe got %d", t.member, when, n))
	}
	if !proven {
		f.says("backend-health", "the report is of one moment: UnhealthyHostCount of those minutes tells whether the member was healthy all the time")
		f.may("a-fast-readmit", "a-flap-threshold")
	}
	f.expect("backend", 0, len(red), "unknown", "a probe that sees what users see takes a broken member out; whether another is well is not in the evidence")
	q.fill(map[string]string{}, f)
}

// failedWith are all failures of a kind that a member is to blame for, whoever claimed them.
func (q *inquiry) failedWith(kind fault.Kind) []*event {
	var out []*event
	for _, e := range q.events {
		if e.tried && e.visible && e.fault.Side == fault.Backend && e.fault.Kind == kind && e.status >= 500 &&
			!slices.Contains([]string{"a-fast-readmit", "a-not-ready-yet", "g-shed-503"}, q.causeOf(e)) {
			out = append(out, e)
		}
	}
	return out
}

// mostlyFails reports whether most attempts on a member failed for longer than its probes need to take it out.
func (q *inquiry) mostlyFails(k memberKey, events []*event) bool {
	first, last := events[0].start, events[len(events)-1].start
	tried := q.member(k).tried.between(first, last)
	return len(events) >= 2*minEvents && 2*len(events)<<q.sample.shift > tried && last.Sub(first) > q.probing(k.settings).takesOut()
}

// asksElse reports whether the probe asks for another path than those that failed.
func (q *inquiry) asksElse(events []*event) bool {
	path := template([]byte(q.probing(events[0].settings).path))
	for _, e := range events {
		if e.path == path {
			return false
		}
	}
	return true
}

// stayedUp reports whether the member was healthy during its failures, and whether that is known of all the time.
func (q *inquiry) stayedUp(events []*event) (up, known bool) {
	t := q.trailOf(events[0])
	if t == nil || !t.isUp() {
		return false, false
	}
	if len(t.changes) == 0 { // a report of one moment tells of failures that go on
		return q.to.Sub(events[len(events)-1].at) < q.probing(t.settings).takesOut(), false
	}
	first, last := events[0].start, events[len(events)-1].at
	c, known := t.at(first)
	_, down := t.wentDown(first, last)
	return known && c.up && !down, true
}

// alwaysFails reports whether hardly a request of the same kinds was answered well meanwhile. A member that serves some and
// turns others away has more to do than it can; a probe that fails with them would take it out, and leave the rest to do more.
func (q *inquiry) alwaysFails(events []*event) bool {
	first, last := events[0].start, events[len(events)-1].at
	routes, _ := groupBy(events, (*event).route)
	well, ill := 0, 0
	for _, k := range routes {
		well += q.route(k).answers.between(first, last)
	}
	for _, e := range q.events { // of all members, as the answers of a route are
		if e.attempt.Status >= 500 && slices.Contains(routes, e.route()) && !e.at.Before(first) && !e.at.After(last) {
			ill += 1 << q.sample.shift
		}
	}
	return 20*max(0, well-ill) <= ill
}
