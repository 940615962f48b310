package diagnose

import (
	"fmt"
	"time"
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
		if !went || lateStarts(o.events, down.at) > 0 || down.at.Sub(lastStart(o.events)) > q.probeInterval(o.events[0].settings)+quiet {
			return
		}
		o.events = trimBefore(o.events)
		confidence := High
		if len(o.events) < 3 {
			confidence = Medium
		}
		f := q.claim("a-slow-eviction", o.events, scopeOf(o.events), confidence)
		f.says("access-log", fmt.Sprintf("%d attempts on %s failed between %s and %s, and none after", len(o.events), k.member, stamp(o.from()), stamp(o.last())), o.events...)
		f.says("backend-health", fmt.Sprintf("%s turned to Down at %s (%s): %s after the first failure", k.member, stamp(down.at), down.reason, seconds(down.at.Sub(o.from()))))
		f.excludes("c-restart", "the member did not come back before its health turned")
		f.excludes("b-refused", "the failures end with the change of health, and the other members of the pool kept answering")
		f.expect("backend", len(o.events), len(o.events), "exact", "a member that was taken out before it stops gets no request any more")
		f.expect("gateway", 0, len(o.events), "bounded", "in proportion to how much sooner the probes give up")
		q.fill(map[string]string{"address": k.server.String()}, f)
	})
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

// probeInterval is the time between two probes under settings; Azure's default without a document.
func (q *inquiry) probeInterval(settings string) time.Duration {
	if q.config != nil {
		if s := q.config.Setting(settings); s != nil {
			if p := q.config.Probe(s.Probe); p != nil {
				return time.Duration(p.Interval) * time.Second
			}
		}
	}
	return 30 * time.Second
}
