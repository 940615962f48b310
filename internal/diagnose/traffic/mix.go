package traffic

import (
	"time"
)

// mix is what kinds of requests a member got: members are compared on the same kinds only, for one that gets the long ones
// is slower than the others without being to blame.
type mix struct {
	Kinds map[*RouteTally]*Kind
	last  *RouteTally // that was counted last, and its counts
	count *Kind
}

// Kind is one kind of request at one member.
type Kind struct {
	Attempts, Answered int
	Waited             time.Duration // by the answers together
}

// maxKindsOfMember bounds the kinds that are told apart at one member; further ones are left out of comparisons.
const maxKindsOfMember = 64

func (m *mix) add(route *RouteTally, wait time.Duration, answered bool) {
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

func (m *mix) of(route *RouteTally) *Kind {
	k := m.Kinds[route]
	if k == nil && len(m.Kinds) < maxKindsOfMember {
		if m.Kinds == nil {
			m.Kinds = map[*RouteTally]*Kind{}
		}
		k = new(Kind)
		m.Kinds[route] = k
	}
	return k
}

// Full reports whether there may be kinds that are not told apart.
func (m *mix) Full() bool { return len(m.Kinds) >= maxKindsOfMember }

// Work is how long the requests that a member got would take if none waited for another, on the average. A kind takes as
// long as its quickest tenth, anywhere; a kind of which nothing is known is left out.
func (m *MemberTally) Work() time.Duration {
	sum, n := time.Duration(0), 0
	for route, k := range m.Mix.Kinds {
		if route.Answered > 0 {
			sum += route.Waits.Quantile(0.1) * time.Duration(k.Attempts)
			n += k.Attempts
		}
	}
	return sum / time.Duration(max(1, n))
}
