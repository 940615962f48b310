package traffic

import (
	"time"
)

// RouteMix is the routes that a member got: members are compared on the same routes only, because one that gets the long ones
// is slower than the others without being to blame.
type RouteMix struct {
	Routes map[*RouteStats]*MemberRoute
	last   *RouteStats // that was counted last, and its counts
	count  *MemberRoute
}

// MemberRoute counts one route at one member.
type MemberRoute struct {
	Attempts, Answered int
	Waited             time.Duration // by the answers together
}

// maxRoutesOfMember bounds the routes with counters at one member; further ones are left out of comparisons.
const maxRoutesOfMember = 64

func (m *RouteMix) add(route *RouteStats, wait time.Duration, answered bool) {
	if route != m.last {
		m.last, m.count = route, m.of(route)
	}
	if m.count == nil {
		return
	}
	m.count.Attempts++
	if answered {
		m.count.Answered++
		m.count.Waited += wait
	}
}

func (m *RouteMix) of(route *RouteStats) *MemberRoute {
	k := m.Routes[route]
	if k == nil && len(m.Routes) < maxRoutesOfMember {
		if m.Routes == nil {
			m.Routes = map[*RouteStats]*MemberRoute{}
		}
		k = new(MemberRoute)
		m.Routes[route] = k
	}
	return k
}

// Full reports whether the member may have routes without counters.
func (m *RouteMix) Full() bool { return len(m.Routes) >= maxRoutesOfMember }

// Work is how long the requests that a member got would take if none waited for another, on the average. A route takes as
// long as its quickest tenth, anywhere; a route of which nothing is known is left out.
func (m *MemberStats) Work() time.Duration {
	sum, n := time.Duration(0), 0
	for route, k := range m.Mix.Routes {
		if route.Answered > 0 {
			sum += route.Waits.Quantile(0.1) * time.Duration(k.Attempts)
			n += k.Attempts
		}
	}
	return sum / time.Duration(max(1, n))
}
