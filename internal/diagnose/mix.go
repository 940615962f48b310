package diagnose

import "time"

// mix is what kinds of requests a member got: members are compared on the same kinds only, for one that gets the long ones
// is slower than the others without being to blame.
type mix struct {
	kinds map[*routeTally]*kind
	last  *routeTally // that was counted last, and its counts
	count *kind
}

// kind is one kind of request at one member.
type kind struct {
	attempts, answered int
	waited             time.Duration // by the answers together
}

// maxKindsOfMember bounds the kinds that are told apart at one member; further ones are left out of comparisons.
const maxKindsOfMember = 64

func (m *mix) add(route *routeTally, wait time.Duration, answered bool) {
	if route != m.last {
		m.last, m.count = route, m.of(route)
	}
	if m.count == nil {
		return
	}
	m.count.attempts++
	if answered {
		m.count.answered++
		m.count.waited += wait
	}
}

func (m *mix) of(route *routeTally) *kind {
	k := m.kinds[route]
	if k == nil && len(m.kinds) < maxKindsOfMember {
		if m.kinds == nil {
			m.kinds = map[*routeTally]*kind{}
		}
		k = new(kind)
		m.kinds[route] = k
	}
	return k
}

// full reports whether there may be kinds that are not told apart.
func (m *mix) full() bool { return len(m.kinds) >= maxKindsOfMember }

// slowness is how many times as long as its equals a member takes for the same kinds of requests; ok is false where they
// have too few kinds and answers in common.
func (q *inquiry) slowness(k memberKey) (times float64, ok bool) {
	var mine, theirs time.Duration
	common := 0
	for route, here := range q.member(k).mix.kinds {
		var elsewhere kind
		for o, m := range q.members {
			if there := m.mix.kinds[route]; o != k && there != nil && q.equalsOf(o) == q.equalsOf(k) {
				elsewhere.answered, elsewhere.waited = elsewhere.answered+there.answered, elsewhere.waited+there.waited
			}
		}
		if here.answered >= minEvents && elsewhere.answered >= minEvents {
			mine += here.waited
			theirs += elsewhere.waited / time.Duration(elsewhere.answered) * time.Duration(here.answered)
			common += here.answered
		}
	}
	return float64(mine) / float64(max(1, theirs)), common >= enoughAnswers
}

// work is how long the requests that a member got would take if none waited for another, on the average. A kind takes as
// long as its quickest tenth, anywhere; a kind of which nothing is known is left out.
func (m *memberTally) work() time.Duration {
	sum, n := time.Duration(0), 0
	for route, k := range m.mix.kinds {
		if route.answered > 0 {
			sum += route.waits.quantile(0.1) * time.Duration(k.attempts)
			n += k.attempts
		}
	}
	return sum / time.Duration(max(1, n))
}
