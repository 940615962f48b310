package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/fault"
)

var deadMemberInUse = hypothesis{
	cause: "a-slow-eviction", needs: theTrace | theHealth,
	test: "one member fails from its death until its health turns to Down, and not after",
	look: slowEviction,
}

// slowEviction: a member died, and its share of the traffic went to it until its health turned to Down.
func slowEviction(q *inquiry) {
	q.memberOutages(func(k memberKey, m *memberTally, o outage) {
		t := q.trailOf(o.events[0])
		if t == nil || !q.othersAnswered(k, o) {
			return
		}
		down, went := t.wentDown(o.from(), o.last().Add(time.Minute))
		late := down.at.Sub(lastStart(o.events)) > q.probing(o.events[0].settings).interval+quiet
		if !went || lateStarts(o.events, down.at) > 0 || late && !q.heldUntil(k, o.events, down.at) {
			return
		}
		o.events = trimBefore(o.events)
		q.evictedSlowly(k, o, down)
	})
}

func (q *inquiry) evictedSlowly(k memberKey, o outage, down change) {
	f := q.claim("a-slow-eviction", o.events, scopeOf(o.events), confidenceOf(len(o.events) >= 3 && o.refused > o.silent))
	f.says("access-log", fmt.Sprintf("%d attempts on %s failed; the first began at %s, the last at %s, and none after", len(o.events), k.member, stamp(o.from()), stamp(lastStart(o.events))), o.events...)
	f.says("backend-health", fmt.Sprintf("%s turned to Down at %s (%s): %s after the first of them had begun", k.member, stamp(down.at), down.reason, seconds(down.at.Sub(o.from()))))
	f.excludes("c-restart", "the member did not come back before its health turned")
	f.excludes("b-refused", "the failures end with the change of health, and the other members of the pool kept answering")
	if o.silent > o.refused {
		f.says("access-log", fmt.Sprintf("%d of them were taken and never answered: the member hung, or could not be reached; nobody says that it was stopped", o.silent))
		f.may("d-vm-freeze", "d-gc-pause", "b-drop")
		f.expect("backend", 0, len(o.events), "unknown", "that depends on why it no longer answered")
	} else {
		f.expect("backend", len(o.events), len(o.events), "exact", "a member that was taken out before it stops gets no request any more")
	}
	f.expect("gateway", 0, len(o.events), "bounded", "in proportion to how much sooner the probes give up")
	if t := q.trailOf(o.events[0]); t != nil && !t.isUp() {
		f.says("backend-health", k.member+" is still down: "+t.now.Detail)
	}
	q.fill(map[string]string{"address": k.server.String()}, f)
}

// othersAnswered reports whether another member under the same settings answered during the outage.
func (q *inquiry) othersAnswered(k memberKey, o outage) bool {
	for other, m := range q.members {
		if other != k && other.settings == k.settings && m.answers.between(o.from().Add(-time.Second), o.last().Add(time.Second)) > 0 {
			return true
		}
	}
	return false
}

// lateStarts counts events that began after a time, with a second's grace.
func lateStarts(events []*event, at time.Time) int {
	n := 0
	for _, e := range events {
		if e.start.After(at.Add(time.Second)) {
			n++
		}
	}
	return n
}

func lastStart(events []*event) time.Time {
	var last time.Time
	for _, e := range events {
		if e.start.After(last) {
			last = e.start
		}
	}
	return last
}

var vanishedMembers = hypothesis{
	cause: "a-slow-eviction", needs: theLog,
	test: "one member answers, then only fails for a while, then is not tried any more, while the others go on",
	look: vanished,
}

// vanished finds the same in evidence without a history of health: what the gateway did shows when it gave the member up.
func vanished(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		return !e.own && e.tried && e.fault.Side == fault.Backend && e.fault.Kind != fault.Status && e.fault.Phase != fault.Body
	}), (*event).key)
	for _, k := range keys {
		events, m := groups[k], q.member(k)
		first, last := events[0].start, lastStart(events)
		rest := 2*bucket + events[0].resolution()
		gone := m.tried.between(last.Add(rest), q.to) == 0
		before, during := m.answers.between(q.from, first), m.answers.between(first.Add(2*rest), q.to)
		if len(events) < minEvents || !gone || endedTogether(events) || q.fewUsers(events) || before < enoughAnswers || during > 0 || q.missedTurns(k, first, last.Add(rest)) < minEvents {
			continue
		}
		f := q.claim("a-slow-eviction", events, scopeOf(events), confidenceOf(q.listed(k.member) && besideEcho(events) == nil))
		f.says("access-log", fmt.Sprintf("%s answered %d requests until %s; then %d attempts on it failed until %s, and none was made after, while %d went to the others",
			k.member, before, stamp(first), len(events), stamp(last), q.othersTried(k, last.Add(rest), q.to)), events...)
		f.excludes("c-restart", "it did not come back before it was given up")
		if !q.listed(k.member) {
			f.leaves("c-scale-in", "c-endpoint-lag")
		}
		f.may(append(besideEcho(events), q.movedAway(events)...)...)
		f.expect("backend", len(events), len(events), "exact", "a member that was taken out before it stops gets no request any more")
		f.expect("gateway", 0, len(events), "bounded", "in proportion to how much sooner the probes give up")
		q.fill(map[string]string{"address": k.server.String()}, f)
	}
}

// endedTogether reports whether all of them ended at one moment, as far as the log's times tell: then the member stopped
// with work under way, and got nothing new afterwards.
func endedTogether(events []*event) bool {
	first, last := events[0].at, events[0].at
	for _, e := range events {
		if e.at.Before(first) {
			first = e.at
		}
		if e.at.After(last) {
			last = e.at
		}
	}
	return last.Sub(first) < moment+2*events[0].resolution()
}

// moment is how long one takes whose work is cut off: connections are ended one after the other.
const moment = 500 * time.Millisecond

// missedTurns is how many attempts a member would have had after it was given up, by its share of those before it failed.
func (q *inquiry) missedTurns(k memberKey, failed, gone time.Time) int {
	mine, theirs := q.member(k).tried.between(q.from, failed), q.othersTried(k, q.from, failed)
	if theirs == 0 {
		return 0
	}
	return q.othersTried(k, gone, q.to) * mine / theirs
}

// othersTried is how many attempts went to other members of the same pool in a span of time.
func (q *inquiry) othersTried(k memberKey, from, to time.Time) int {
	n, this := 0, q.member(k)
	for other, m := range q.members {
		if other != k && other.settings == k.settings && m.pool == this.pool && m.gateway == this.gateway {
			n += m.tried.between(from, to)
		}
	}
	return n
}

// listed reports whether the document, where there is one, still has a member of that name or any that are only names.
func (q *inquiry) listed(member string) bool {
	if q.config == nil {
		return false
	}
	for _, p := range q.config.Pools {
		for _, a := range p.Members {
			if a.String() == member || a.FQDN != "" || a.NIC != "" {
				return true
			}
		}
	}
	return false
}
