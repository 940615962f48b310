package diagnose

import "fmt"

// certificate makes a hypothesis of certificates that were refused: the trace says why each was. Azure's log says only that
// connections ended; there it is the report of backend health that says why it took a member out.
func certificate(id, test, fact, reason string) hypothesis {
	decide := decides(id, fact, certificateFault(reason))
	return hypothesis{cause: id, needs: theLog, test: test, look: func(q *inquiry) {
		decide(q)
		q.refusedByHealth(id)
	}}
}

// refusedByHealth finds members whose new connections failed from some time on, until they were taken out, and of which
// backend health says that their certificate is refused: probes and users meet the same one.
func (q *inquiry) refusedByHealth(id string) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return closedSomehow(e) && e.attempt.Status == 0 && !e.attempt.Reused }), (*event).key)
	for _, k := range keys {
		t := q.trailOf(groups[k][0])
		if t == nil || len(t.changes) > 0 || t.isUp() {
			continue
		}
		now, known := nowOf(t)
		if !known || causeOfReason(now) != id {
			continue
		}
		q.refusedUntilOut(id, k, t, groups[k])
	}
}

func (q *inquiry) refusedUntilOut(id string, k memberKey, t *trail, all []*event) {
	m := q.member(k)
	worked, _ := m.fresh.before(q.to)
	events := filtered(all, func(e *event) bool { return e.start.After(worked) })
	if c := (&closed{q: q, events: events}); len(events) < minEvents || c.speaks("Http") {
		return
	}
	out := lastStart(events).Add(2*bucket + events[0].resolution())
	if m.tried.between(out, q.to) > 0 || q.turnsAfter(k, out) < minEvents {
		return
	}
	f := q.claimMore(id, events, scopeOf(events), Medium)
	f.says("access-log", fmt.Sprintf("from %s on %d new connections to %s ended before an answer, and none worked, until it was asked no more", stamp(events[0].start), len(events), k.member), events...)
	f.says("backend-health", k.member+": "+t.now.Detail)
	f.may("c-restart", "a-slow-eviction")
	f.expect("backend", len(events), len(events), "bounded", "if each of them failed for the reason that health gives")
	q.fill(map[string]string{"address": k.server.String()}, f)
}
