package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

var cutLinks = hypothesis{
	cause: "b-transit-flap", needs: theTrace,
	test: "several members answer nobody for the same while, and what is sent to them is not even acknowledged",
	look: transitFlap,
}

// transitFlap: the way to all of them was interrupted. A process that stands still leaves its kernel to acknowledge what
// comes; where nothing is acknowledged, host or network are away, and several hosts at once are the network between.
func transitFlap(q *inquiry) {
	events := q.unclaimed(func(e *event) bool { return e.own && q.inSilence(e) && e.attempt.Retransmits > 0 })
	for _, spell := range spells(events) {
		from, to := spell[0].start, spell[0].at
		hosts, _ := groupBy(spell, func(e *event) netip.Addr { return e.server.Addr() }) // one may serve several pools
		for _, e := range spell {
			from, to = earlier(from, e.start), later(to, e.at)
		}
		if len(hosts) < 2 || len(spell) < minEvents || q.answeredIn(spell, from.Add(2*bucket), to.Add(-2*bucket)) {
			continue
		}
		if !q.allCameBack(spell, to) {
			q.suspect(spell, "several hosts stopped to acknowledge what was sent to them, and not all of them are seen to answer again: look whether they run, and at the network between",
				"b-transit-flap", "a-slow-eviction", "b-drop", "b-route", "d-vm-freeze")
			continue
		}
		f := q.claim("b-transit-flap", spell, scopeOf(spell), High)
		f.says("access-log", fmt.Sprintf("from %s to %s none of %d hosts answered; %d requests to them were sent again and again by the kernel, and not acknowledged", stamp(from), stamp(to), len(hosts), len(spell)), spell...)
		f.excludes("d-gc-pause", "a process that pauses still has its kernel acknowledge what comes")
		f.excludes("a-slow-eviction", "several hosts were away at the same time, and came back")
		f.leaves("d-vm-freeze") // they may stand on one machine
		f.expect("backend", 0, len(spell), "unknown", "a second way would have to be there")
		q.fill(map[string]string{"address": address(spell)}, f)
	}
}

// answeredIn reports whether a member of some events gave an answer in a span of time.
func (q *inquiry) answeredIn(events []*event, from, to time.Time) bool {
	return slices.ContainsFunc(events, func(e *event) bool { return q.member(e.key()).answers.between(from, to) > 0 })
}

// allCameBack reports whether each member of some events answered after a time.
func (q *inquiry) allCameBack(events []*event, after time.Time) bool {
	return !slices.ContainsFunc(events, func(e *event) bool { return q.member(e.key()).answers.between(after.Add(-2*bucket), q.to) == 0 })
}

// spells cuts events into those that overlap in time.
func spells(events []*event) [][]*event {
	byStart := slices.SortedStableFunc(slices.Values(events), func(a, b *event) int { return a.start.Compare(b.start) })
	var out [][]*event
	var end time.Time
	for _, e := range byStart {
		if len(out) == 0 || e.start.After(end) {
			out = append(out, nil)
			end = e.at
		}
		end = later(end, e.at)
		out[len(out)-1] = append(out[len(out)-1], e)
	}
	return out
}
