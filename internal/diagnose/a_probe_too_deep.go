package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/fault"
)

var deepProbes = hypothesis{
	cause: "a-probe-too-deep", needs: theTrace | theHealth,
	test: "the health pages of all members failed at once and were well again at once, and users were answered well until the probes took the members out",
	look: deepProbe,
}

// deepProbe: the health page asks something that all members share. When that has a hiccup, all are taken out, although
// they could have served.
func deepProbe(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.fault.Kind == fault.NoHealthy }), (*event).poolKey)
	for _, k := range keys {
		trails := q.trailsUnder(k.pool, k.settings)
		if _, alone, _ := flips(trails, q.probing(k.settings)); len(trails) < 2 || alone > 0 {
			continue
		}
		downs, times := groupBy(groups[k], func(e *event) time.Time { return downTogether(trails, e.at, q.probing(k.settings)) })
		for _, down := range downs {
			if !down.IsZero() && q.servedUntil(k, down) {
				q.tooDeep(k, trails, down, times[down])
			}
		}
	}
}

// poolKey is a pool under settings.
type poolKey struct{ pool, settings string }

func (e *event) poolKey() poolKey { return poolKey{e.pool, e.settings} }

// downTogether is when the last of all members went down, if that was within one round of probes, by what their health
// pages said, and all were up again within one round too.
func downTogether(trails []*trail, at time.Time, p probing) time.Time {
	var first, last, back, lastBack time.Time
	for _, t := range trails {
		c, known := t.at(at)
		up, returned := t.cameUp(at)
		if !known || c.up || c.reason != "status_mismatch" || c.status() > 0 && c.status() < 500 || !returned {
			return time.Time{}
		}
		first, last = earlier(first, c.at), later(last, c.at)
		back, lastBack = earlier(back, up), later(lastBack, up)
	}
	if last.Sub(first) > p.interval || lastBack.Sub(back) > p.interval {
		return time.Time{}
	}
	return last
}

// servedUntil reports whether users were answered well while the probes met errors already.
func (q *inquiry) servedUntil(k poolKey, down time.Time) bool {
	p := q.probing(k.settings)
	good, bad := q.goodBetween(k, down.Add(-max(p.interval, p.notices())), down)
	return good >= minEvents && bad*10 <= good
}

func (q *inquiry) tooDeep(k poolKey, trails []*trail, down time.Time, events []*event) {
	livedOn := q.livedOn(trails, events[len(events)-1].at)
	f := q.claimMore("a-probe-too-deep", events, Scope{Pool: k.pool, Settings: k.settings}, confidenceOf(len(trails) >= 3 && livedOn))
	f.says("backend-health", fmt.Sprintf("all %d members went down at %s within one round of probes, by the status of their health page, and came up again together", len(trails), stamp(down)))
	f.says("access-log", fmt.Sprintf("users were answered well until then; after it %d requests found no healthy member", len(events)), events...)
	if len(f.Rivals) == 0 { // it may have been told of another time
		f.excludes("a-probe-status-mismatch", "nothing was changed: the health pages were well before and after")
		if f.leaves("g-dependency-down"); livedOn {
			f.excludes("c-deploy-no-drain", "members went on with connections that they had before, so they had not been stopped")
		} else {
			f.may("c-deploy-no-drain")
		}
	}
	f.expect("backend", 0, len(events), "bounded", "those that do not need what the health page asks would have been served")
	q.fill(map[string]string{}, f)
}

// livedOn reports whether most members of some, once they were in service again, answered first on connections that they
// had before: so their processes had gone on. A member that is told to stop says so on its health page too.
func (q *inquiry) livedOn(trails []*trail, out time.Time) bool {
	n := 0
	for _, t := range trails {
		for k, m := range q.members {
			if k.member != t.member || k.settings != t.settings {
				continue
			}
			if first, ok := m.answers.after(out); ok && m.fresh.between(first, first.Add(bucket)) == 0 {
				n++
			}
		}
	}
	return 2*n > len(trails)
}

// cameUp is when the member was next up after a time.
func (t *trail) cameUp(after time.Time) (time.Time, bool) {
	for _, c := range t.changes {
		if c.up && c.at.After(after) {
			return c.at, true
		}
	}
	return time.Time{}, false
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
