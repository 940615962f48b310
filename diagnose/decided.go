package diagnose

import (
	"fmt"

	"causeway/fault"
)

// decided makes a hypothesis of a fault that needs no statistics: the record itself saw the mechanism.
func decided(id string, n needs, test, fact string, want func(*event) bool) hypothesis {
	return hypothesis{cause: id, needs: n, test: test, look: decides(id, fact, want)}
}

// decides claims such events, member by member.
func decides(id, fact string, want func(*event) bool) func(*inquiry) {
	return func(q *inquiry) {
		keys, groups := groupBy(q.unclaimed(want), (*event).key)
		for _, k := range keys {
			events := groups[k]
			f := q.claim(id, events, scopeOf(events), High)
			f.says("access-log", fmt.Sprintf("%d × %s", len(events), fact)+detail(events), events...)
			q.fill(map[string]string{"address": address(events)}, f)
		}
	}
}

// detail is what the gateway noted beside the fault, if all events agree on it.
func detail(events []*event) string {
	d := events[0].fault.Detail
	for _, e := range events {
		if e.fault.Detail != d {
			return ""
		}
	}
	if d == "" {
		return ""
	}
	return ": " + d
}

// is matches a fault by side, phase and kinds.
func is(side fault.Side, phase fault.Phase, kinds ...fault.Kind) func(*event) bool {
	return func(e *event) bool {
		if e.fault.Side != side || e.fault.Phase != phase {
			return false
		}
		for _, k := range kinds {
			if e.fault.Kind == k {
				return true
			}
		}
		return len(kinds) == 0
	}
}

func either(a, b func(*event) bool) func(*event) bool {
	return func(e *event) bool { return a(e) || b(e) }
}

// certificateFault matches a refused certificate by the reason that verification gave.
func certificateFault(reasons ...string) func(*event) bool {
	return func(e *event) bool {
		if e.fault.Phase != fault.TLS || e.fault.Kind != fault.Certificate {
			return false
		}
		for _, r := range reasons {
			if e.fault.Detail == r {
				return true
			}
		}
		return false
	}
}
