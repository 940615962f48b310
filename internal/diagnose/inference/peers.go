package inference

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
)

// PoolName names a pool in a sentence, also one that is empty.
func PoolName(pool string) string {
	if pool == "" {
		return "a pool that the log does not name"
	}
	return fmt.Sprintf("pool %q", pool)
}

// Besides adds up the other cells of the same instance (row), and those of the same member (column).
func (c *Case) Besides(k traffic.InstanceMember) (row, column traffic.Cell) {
	for o, cell := range c.Traffic.Cells {
		switch {
		case o == k || o.Member == "":
		case o.Instance == k.Instance:
			row.Requests, row.Failures = row.Requests+cell.Requests, row.Failures+cell.Failures
		case o.Member == k.Member:
			column.Requests, column.Failures = column.Requests+cell.Requests, column.Failures+cell.Failures
		}
	}
	return row, column
}

// MayBeTheRequest reports whether the requests may be to blame for the failures at one place: those of a route that is answered
// nowhere, or of few users whom a cookie binds to the place. A client with one connection has one instance, and sends
// all its requests there. Where no connection was established, the request does not matter.
func (c *Case) MayBeTheRequest(events []*traffic.Event) bool {
	sent := traffic.Filter(events, func(e *traffic.Event) bool { return !ConnectFailed(e) })
	if len(sent) == 0 {
		return false
	}
	strange := traffic.Filter(sent, func(e *traffic.Event) bool { return c.Traffic.Route(e.Route()).Answered < stats.MinEvents })
	return 5*len(strange) >= len(events) || c.FewUsers(sent)
}

// OtherRoutes adds up the answers of all other routes under the settings, and returns the time within which 99 of 100 came.
func (c *Case) OtherRoutes(l *TimedOutGroup) (sum stats.Histogram, p99 time.Duration) {
	for k, r := range c.Traffic.Routes {
		if k.Settings == l.Scope.Settings && !l.Has(r) {
			if r.Broken > 0 && r.Answered < 10*r.Broken { // another one that fails is no comparison
				continue
			}
			sum.Merge(&r.Waits)
		}
	}
	return sum, sum.Quantile(0.99)
}

// Uneven is how many times as much work in progress one member must have as its idlest equal, and how many times as much
// work in each request, before turns are to blame.
const Uneven = 2

// Peers identifies members that are each other's equals: in one pool of one gateway, under the same settings. One that several
// pools or gateways use gets other requests than the rest, and has no equal.
type Peers struct {
	pool, settings string
	gateway        *int
	alone          traffic.MemberKey
}

// PeersOf identifies the equals of a member; a member that several pools or gateways share has none.
func (c *Case) PeersOf(k traffic.MemberKey) Peers {
	if c.Traffic.Member(k).Shared {
		return Peers{alone: k}
	}
	return c.NeighboursOf(k)
}

// NeighboursOf identifies the members of a member's pool under the same settings, whether or not they are its equals.
func (c *Case) NeighboursOf(k traffic.MemberKey) Peers {
	m := c.Traffic.Member(k)
	return Peers{pool: m.Pool, settings: k.Settings, gateway: m.Gateway}
}
