package inference

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/stats"
)

// Healed is the longest time from a write of the gateway to the first answer that it caused: a write takes minutes.
const Healed = 15 * time.Minute

// Move is that of a member from one address to another.
type Move struct {
	Old, New    string
	Fine        time.Time // last answer at the old address
	Left, Begun time.Time // last attempt at the old address; first answer at the new one
	slack       time.Duration
}

// Between reports whether a request began after the last answer at the old address and before the first at the new one.
func (m *Move) Between(e *traffic.Event) bool {
	return e.Start.After(m.Fine.Add(-m.slack)) && e.Start.Before(m.Begun.Add(m.slack)) && (!e.Tried || e.Server.String() != m.New)
}

// MoveOf is the move of the only member of a pool under settings; ok is false where several were in use together, where none
// moved, and where they moved more than once.
func (c *Case) MoveOf(k traffic.PoolKey) (m Move, ok bool) {
	type stay struct {
		key         traffic.MemberKey
		first, last time.Time
	}
	var stays []stay
	for at, t := range c.Traffic.Members {
		if at.Settings != k.Settings || t.Pool != k.Pool || t.Attempts == 0 {
			continue
		}
		first, _ := t.Tried.After(c.Traffic.From.Add(-time.Second))
		last, _ := t.Tried.Before(c.Traffic.To.Add(time.Second))
		stays = append(stays, stay{at, first, last})
	}
	slices.SortFunc(stays, func(a, b stay) int { return cmp.Or(a.first.Compare(b.first), cmp.Compare(a.key.Member, b.key.Member)) })
	if len(stays) != 2 || stays[1].first.Before(stays[0].last) {
		return m, false
	}
	old, young := c.Traffic.Member(stays[0].key), c.Traffic.Member(stays[1].key)
	fine, answeredBefore := old.Answers.Before(stays[0].last.Add(time.Second))
	begun, answeredAfter := young.Answers.After(stays[1].first.Add(-time.Second))
	if !answeredBefore || !answeredAfter || young.Answered < stats.MinEvents {
		return m, false
	}
	return Move{
		Old:   stays[0].key.Server.String(),
		New:   stays[1].key.Server.String(),
		Fine:  fine,
		Left:  stays[0].last,
		Begun: begun,
		slack: 2*stats.BinWidth + time.Second,
	}, true
}

// OneName reports whether a pool has one member by the document, and that by name.
func (c *Case) OneName(pool string) bool {
	if c.Traffic.Config == nil {
		return false
	}
	p := c.Traffic.Config.Pool(pool)
	return p != nil && len(p.Members) == 1 && p.Members[0].FQDN != ""
}

// WriteBefore is the last write of the gateway itself within the time that one takes before a moment.
func (c *Case) WriteBefore(t time.Time) (last evidence.Activity, found bool) {
	for _, a := range c.Changes() {
		if strings.EqualFold(a.Operation, "Microsoft.Network/applicationGateways/write") && !a.At.After(t) && t.Sub(a.At) <= Healed &&
			(!found || a.At.After(last.At)) {
			last, found = a.Activity, true
		}
	}
	return last, found
}

// MovedAway lists the further causes of events that lie in the time in which their pool's member moved to another address.
func (c *Case) MovedAway(events []*traffic.Event) []string {
	k := events[0].PoolKey()
	if _, asked := c.moves[k]; !asked {
		if c.moves == nil {
			c.moves = map[traffic.PoolKey]*Move{}
		}
		c.moves[k] = nil
		if m, ok := c.MoveOf(k); ok {
			c.moves[k] = &m
		}
	}
	m := c.moves[k]
	if m == nil || !slices.ContainsFunc(events, m.Between) || c.Traffic.Config != nil && !c.namedIn(events[0].Pool) {
		return nil
	}
	return []string{"b-dns-stale"}
}

// namedIn reports whether a pool has members by name.
func (c *Case) namedIn(pool string) bool {
	p := c.Traffic.Config.Pool(pool)
	return p == nil || slices.ContainsFunc(p.Members, func(a gateway.Address) bool { return a.FQDN != "" })
}
