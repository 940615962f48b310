package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/internal/evidence"
	"causeway/internal/fault"
	"causeway/internal/gateway"
)

// Azure's log names a member by its address alone. Of a pool with one name in it, addresses that follow each other and never stood
// side by side are one member that moved.

var movedNames = hypothesis{
	cause: "b-dns-stale", needs: theLog | theDocument | theActivity,
	test: "the only name of a pool fails at one address until somebody writes the gateway, and answers at another from then on",
	look: movedName,
}

// healed is how soon after a write of the gateway the first answer must come that it brought about: a write takes minutes.
const healed = 15 * time.Minute

// movedName: the gateway went on with an old address until a write made it ask for the name again. That is seen only where
// somebody wrote it; else the move is the first of the rivals.
func movedName(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return !e.own && e.fault.Side != fault.Client && e.fault.Kind != fault.Status }), (*event).poolKey)
	for _, k := range keys {
		m, ok := q.moveOf(k)
		if !ok || !q.oneName(k.pool) {
			continue
		}
		events := filtered(groups[k], m.between)
		write, wrote := q.writeBefore(m.begun)
		if len(events) < minEvents || !wrote || write.At.Before(events[len(events)-1].start.Add(-healed)) || write.At.Before(m.left) {
			continue
		}
		name := q.config.Pool(k.pool).Members[0].FQDN
		f := q.claim("b-dns-stale", events, Scope{Pool: k.pool, Settings: k.settings, Member: name}, Medium)
		f.says("access-log", fmt.Sprintf("%s answered at %s until %s; %d requests failed then; from %s on it answered at %s, and the two addresses were never in use together", name, m.old, stamp(m.fine), len(events), stamp(m.begun), m.new), events...)
		f.says("activity-log", fmt.Sprintf("%s by %s at %s, %s before the first answer at the new address: a write makes the gateway ask for the name again", write.Operation, orSomebody(write.Caller), stamp(write.At), seconds(m.begun.Sub(write.At))))
		f.excludes("i-empty-pool", "the pool has a member")
		f.may("c-restart", "b-refused", "c-endpoint-lag")
		f.expect("backend", 0, len(events), "bounded", "with the old address in service until its record has run out everywhere none of them fails, if the name was moved on purpose")
		f.expect("gateway", 0, len(events), "bounded", "in proportion to how much sooner the gateway is written after a move")
		q.fill(map[string]string{"address": m.old}, f)
	}
}

// move is that of a member from one address to another.
type move struct {
	old, new    string
	fine        time.Time // last answer at the old address
	left, begun time.Time // last attempt at the old address; first answer at the new one
	slack       time.Duration
}

// between reports whether a request began after the last answer at the old address and before the first at the new one.
func (m *move) between(e *event) bool {
	return e.start.After(m.fine.Add(-m.slack)) && e.start.Before(m.begun.Add(m.slack)) && (!e.tried || e.server.String() != m.new)
}

// moveOf is the move of the only member of a pool under settings; ok is false where several stood beside each other, where none
// moved, and where they moved more than once.
func (q *inquiry) moveOf(k poolKey) (m move, ok bool) {
	type stay struct {
		key         memberKey
		first, last time.Time
	}
	var stays []stay
	for at, t := range q.members {
		if at.settings != k.settings || t.pool != k.pool || t.attempts == 0 {
			continue
		}
		first, _ := t.tried.after(q.from.Add(-time.Second))
		last, _ := t.tried.before(q.to.Add(time.Second))
		stays = append(stays, stay{at, first, last})
	}
	slices.SortFunc(stays, func(a, b stay) int { return cmp.Or(a.first.Compare(b.first), cmp.Compare(a.key.member, b.key.member)) })
	if len(stays) != 2 || stays[1].first.Before(stays[0].last) {
		return m, false
	}
	old, young := q.member(stays[0].key), q.member(stays[1].key)
	fine, answeredBefore := old.answers.before(stays[0].last.Add(time.Second))
	begun, answeredAfter := young.answers.after(stays[1].first.Add(-time.Second))
	if !answeredBefore || !answeredAfter || young.answered < minEvents {
		return m, false
	}
	return move{old: stays[0].key.server.String(), new: stays[1].key.server.String(), fine: fine, left: stays[0].last, begun: begun, slack: 2*bucket + time.Second}, true
}

// oneName reports whether a pool has one member by the document, and that by name.
func (q *inquiry) oneName(pool string) bool {
	if q.config == nil {
		return false
	}
	p := q.config.Pool(pool)
	return p != nil && len(p.Members) == 1 && p.Members[0].FQDN != ""
}

// writeBefore is the last write of the gateway itself within the time that one takes before a moment.
func (q *inquiry) writeBefore(t time.Time) (last evidence.Activity, found bool) {
	for _, a := range q.changes() {
		if strings.EqualFold(a.Operation, "Microsoft.Network/applicationGateways/write") && !a.At.After(t) && t.Sub(a.At) <= healed && (!found || a.At.After(last.At)) {
			last, found = a, true
		}
	}
	return last, found
}

// movedAway is what events may have that lie in the time in which their pool's member moved to another address.
func (q *inquiry) movedAway(events []*event) []string {
	k := events[0].poolKey()
	if _, asked := q.moves[k]; !asked {
		if q.moves == nil {
			q.moves = map[poolKey]*move{}
		}
		q.moves[k] = nil
		if m, ok := q.moveOf(k); ok {
			q.moves[k] = &m
		}
	}
	m := q.moves[k]
	if m == nil || !slices.ContainsFunc(events, m.between) || q.config != nil && !q.namedIn(events[0].pool) {
		return nil
	}
	return []string{"b-dns-stale"}
}

// namedIn reports whether a pool has members by name.
func (q *inquiry) namedIn(pool string) bool {
	p := q.config.Pool(pool)
	return p == nil || slices.ContainsFunc(p.Members, func(a gateway.Address) bool { return a.FQDN != "" })
}
