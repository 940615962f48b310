package diagnose

import (
	"fmt"
	"net/netip"
	"time"

	"causeway/internal/fault"
)

var notReady = hypothesis{
	cause: "a-not-ready-yet", needs: theTrace | theHealth,
	test: "a member that was added during the window fails its first requests, and answers later ones",
	look: notReadyYet,
}

// notReadyYet: a member was added before its application could answer.
func notReadyYet(q *inquiry) {
	q.warmUps(func(e *event) bool { return e.own }, func(k memberKey, events, soon []*event, good int) {
		t := q.trailOf(events[0])
		if t == nil || len(t.changes) == 0 || !t.changes[0].at.After(q.from) || q.member(k).tried.between(q.from, t.changes[0].at.Add(-time.Second)) > 0 {
			return
		}
		f := q.claim("a-not-ready-yet", soon, scopeOf(soon), confidenceOf(t.changes[0].up))
		f.says("backend-health", fmt.Sprintf("%s has been asked since %s only: it is new", k.member, stamp(t.changes[0].at)))
		q.startsBadly(f, k, soon, good)
	})
}

var backFromAbsence = hypothesis{
	cause: "a-fast-readmit", needs: theLog,
	test: "a member that got no request for a while, or none yet, fails the first ones that it gets and answers later ones",
	look: backTooSoon,
}

// backTooSoon finds the same, and members that are back in service too soon, in evidence without a history of health.
func backTooSoon(q *inquiry) {
	q.warmUps(func(e *event) bool { return !e.own || q.trailOf(e) == nil }, func(k memberKey, events, soon []*event, good int) {
		first := soon[0].start.Add(-bucket - soon[0].resolution())
		tried := q.member(k).tried
		last, before := tried.before(first)
		if !before {
			last = q.from
		}
		if q.fewUsers(soon) || q.turnsMissed(k, last.Add(bucket+soon[0].resolution()), first) < minEvents {
			return
		}
		id, rival, what := "a-fast-readmit", "a-not-ready-yet", fmt.Sprintf("%s got no request from %s to %s, while the others went on", k.member, stamp(last), stamp(soon[0].start))
		if !before {
			id, rival, what = "a-not-ready-yet", "a-fast-readmit", fmt.Sprintf("%s got its first request at %s, when the others had been at work since %s", k.member, stamp(soon[0].start), stamp(q.from))
		}
		f := q.claim(id, soon, scopeOf(soon), Medium)
		f.says("access-log", what)
		f.may(rival, "d-cold-start", "c-restart")
		q.startsBadly(f, k, soon, good)
	})
}

func (q *inquiry) startsBadly(f *finding, k memberKey, soon []*event, good int) {
	last := soon[len(soon)-1]
	f.says("access-log", fmt.Sprintf("%d of its requests failed in the first %s; later it answered %d and failed none", len(soon), seconds(last.at.Sub(soon[0].start)), good), soon...)
	f.excludes("k-backend-5xx", "it fails at the start of its service, and not otherwise")
	f.expect("backend", len(soon), len(soon), "exact", "a health page that is well only once the application can serve keeps these requests away from it")
	q.fill(map[string]string{"address": k.server.String()}, f)
}

// warmUps are the members of which all failures lie in one spell that most of its requests do not survive, with a good
// time after it.
func (q *inquiry) warmUps(want func(*event) bool, f func(k memberKey, events, soon []*event, good int)) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return want(e) && failsInService(e) }), (*event).key)
	for _, k := range keys {
		soon := lastSpell(groups[k])
		if good, ok := q.wellAfter(k, soon); ok && q.othersWell(k, soon) {
			f(k, groups[k], soon, good)
		}
	}
}

// failsInService matches what a member does to a request that it cannot serve yet.
func failsInService(e *event) bool {
	return e.tried && (e.fault.Kind == fault.Status && e.status >= 500 || e.closedUnanswered() || connectFailed(e) || closedSomehow(e))
}

// lastSpell are the last events of those that lie within a warm-up of each other.
func lastSpell(events []*event) []*event {
	i := len(events) - 1
	for ; i > 0; i-- {
		if events[len(events)-1].start.Sub(events[i-1].start) > warmUp || events[i].start.Sub(events[i-1].at) > quiet+events[i].resolution() {
			break
		}
	}
	return events[i:]
}

// wellAfter reports whether most attempts on a member failed during a spell, and none after it, though enough were made
// that they would have.
func (q *inquiry) wellAfter(k memberKey, soon []*event) (good int, ok bool) {
	m, first, last := q.member(k), soon[0], soon[len(soon)-1]
	during := m.tried.between(first.start, last.start)
	good = m.answers.between(last.at.Add(bucket+last.resolution()), q.to)
	return good, len(soon) >= minEvents && 2*len(soon) > during && good >= 2*minEvents
}

// othersWell reports whether the other members served well during a spell: what all of them meet is no matter of a start.
func (q *inquiry) othersWell(k memberKey, soon []*event) bool {
	from, to, pool, bad := soon[0].start, soon[len(soon)-1].start, q.member(k).pool, 0
	for _, e := range q.events {
		if e.settings == k.settings && e.pool == pool && e.key() != k && failsInService(e) && !e.start.Before(from) && !e.start.After(to) {
			bad += 1 << q.sample.shift
		}
	}
	return bad*10 <= q.othersTried(k, from, to)
}

// fewUsers reports whether a cookie binds users to members, and the events are of few of them: then the member's turns are
// those of its users, and that it gets none says nothing of it.
func (q *inquiry) fewUsers(events []*event) bool {
	if q.config == nil {
		return false
	}
	s := q.config.Setting(events[0].settings)
	users, _ := groupBy(events, func(e *event) netip.Addr { return e.client })
	return s != nil && s.CookieAffinity && len(users) < minEvents
}

// turnsMissed is how many attempts a member would have had in a span of time, by its share of those after it.
func (q *inquiry) turnsMissed(k memberKey, from, to time.Time) int {
	mine, theirs := q.member(k).tried.between(to, q.to), q.othersTried(k, to, q.to)
	if theirs == 0 {
		return 0
	}
	return q.othersTried(k, from, to) * mine / theirs
}
