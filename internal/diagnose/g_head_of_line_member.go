package diagnose

import (
	"fmt"
	"time"
)

var headsOfLine = hypothesis{
	cause: "g-head-of-line-member", needs: theTrace,
	test: "requests wait in vain at a member that has several in progress while another has hardly any, and that member got the long ones",
	look: headOfLine,
}

// uneven is how many times as much work in progress one member must have as its idlest equal, and how many times as much
// work in each request, before turns are to blame.
const uneven = 2

// headOfLine: members are asked in turn, whatever a request costs. Turns that fall badly give one member the long ones, and
// what waits behind them runs into the timeout while the others have nothing to do. Long requests that wait for nobody end
// so however few are in progress; and where the others fail as well, no turn would have helped.
func headOfLine(q *inquiry) {
	members, groups := groupBy(q.unclaimed(func(e *event) bool { return e.own && isTimeout(e) && e.attempt.Least >= 0 }), (*event).key)
	for _, k := range members {
		events := groups[k]
		mine, theirs := q.member(k).work(), q.workElsewhere(k)
		if len(events) < minEvents || mine < uneven*theirs || theirs == 0 || 5*behindOthers(events) < 4*len(events) || q.fewUsers(events) || q.silence(events) {
			continue
		}
		w := q.withWork(events)
		asked, expected, did := q.atOthers(k, groups)
		switch {
		case !w.rises() || did > 0 && uneven*float64(did) >= expected:
			continue
		case w.served >= w.refused || expected < minEvents && !w.severalAtOnce(q.member(k).work()):
			q.suspect(events, fmt.Sprintf("they came when much was in progress at %s, which got the long requests; but whether they would have been quicker elsewhere is not in the evidence: look whether requests wait for a worker there, or for something that all members share", k.member),
				"g-head-of-line-member", "d-slow-route", "g-worker-pool", "d-db-lock", "g-noisy-member")
			continue
		}
		busiest, idlest := extremes(events)
		f := q.claim("g-head-of-line-member", events, scopeOf(events), confidenceOf(distinctSeconds(events) >= minEvents))
		f.says("access-log", fmt.Sprintf("up to %d other requests were in progress at %s when these came to it, and as few as %d at another member of the pool when their time was up", busiest, k.member, idlest), events...)
		f.says("access-log", fmt.Sprintf("in %d of %d seconds they came when %d or more were in progress; so did %s of the requests that it answered", w.above, w.n, w.level, percent(w.served, w.all)))
		f.says("access-log", fmt.Sprintf("the kinds of requests that it got take %s by themselves, those that the others got %s", seconds(mine), seconds(theirs)))
		if expected >= minEvents {
			f.says("access-log", fmt.Sprintf("%d requests of the same kinds went to the others: at the same rate %.0f of them would have waited in vain, and %d did", asked, expected, did))
		} else {
			f.says("access-log", "those that came when only a few others were in progress took no longer than by themselves")
			f.may("g-conn-pool-db") // which all members may share: the others were hardly asked for such requests
		}
		f.leaves("d-slow-route")
		f.excludes("g-noisy-member", "it is the mix of requests in which it differs from the others")
		f.may("g-worker-pool")
		f.expect("backend", 0, len(events), "bounded", "how long they would have waited at another member is not in the evidence")
		q.fill(map[string]string{"address": address(events)}, f)
	}
}

// behindOthers counts the events that waited behind others at their member while another one had next to nothing to do.
func behindOthers(events []*event) int {
	n := 0
	for _, e := range events {
		if e.attempt.Active >= 1 && e.attempt.Least >= 0 && e.attempt.Active+1 >= uneven*(e.attempt.Least+1) {
			n++
		}
	}
	return n
}

// severalAtOnce reports whether the member answers requests that come when a few others are in progress as soon as those that
// come alone, or as soon as their kinds take by themselves: then they wait for one of several workers, and not for one lock
// that all members may share.
func (t workTest) severalAtOnce(byThemselves time.Duration) bool {
	if alone, ok := t.at.wait(0, 1); ok {
		byThemselves = max(alone, byThemselves)
	}
	beside, ok := t.at.wait(1, t.level)
	return ok && 2*beside <= 3*byThemselves
}

// atOthers is how many requests of the kinds that waited in vain at a member went to equals that have less work, how many
// of them would have waited in vain at the same rate, and how many did.
func (q *inquiry) atOthers(k memberKey, late map[memberKey][]*event) (asked int, expected float64, did int) {
	kinds, byKind := groupBy(late[k], (*event).route)
	for _, route := range kinds {
		events, here, there := byKind[route], q.member(k).mix.kinds[q.routes[route]], 0
		for o, m := range q.members {
			if n := m.mix.kinds[q.routes[route]]; n != nil && q.equalsOf(o) == q.equalsOf(k) && q.member(k).work() >= uneven*m.work() {
				there += n.attempts
				did += len(filtered(late[o], func(e *event) bool { return e.route() == route }))
			}
		}
		if here != nil {
			asked, expected = asked+there, expected+float64(len(events)*there)/float64(here.attempts)
		}
	}
	return asked, expected, did
}

func extremes(events []*event) (busiest, idlest int) {
	idlest = maxLevel
	for _, e := range events {
		busiest, idlest = max(busiest, e.attempt.Active), min(idlest, e.attempt.Least)
	}
	return busiest, idlest
}

// workElsewhere is the average work in the requests that the equals of a member got.
func (q *inquiry) workElsewhere(k memberKey) time.Duration {
	sum, attempts := time.Duration(0), 0
	for o, m := range q.members {
		if o != k && q.equalsOf(o) == q.equalsOf(k) {
			sum, attempts = sum+m.work()*time.Duration(m.attempts), attempts+m.attempts
		}
	}
	return sum / time.Duration(max(1, attempts))
}

// behind are the causes of requests that waited behind others while another member had next to nothing to do. Without the
// trace that is not known of any.
func behind(events []*event) []string {
	if events[0].own && 5*behindOthers(events) < 4*len(events) {
		return nil
	}
	return []string{"g-cpu-queueing", "g-worker-pool", "g-head-of-line-member"}
}
