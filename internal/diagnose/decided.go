package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"causeway/internal/fault"
)

// decided makes a hypothesis of a fault that needs no statistics: the record itself saw the mechanism.
func decided(id string, n needs, test, fact string, want func(*event) bool) hypothesis {
	return hypothesis{cause: id, needs: n, test: test, look: decides(id, fact, want)}
}

// maxKinds is how many different faults of one cause are told one by one.
const maxKinds = 8

// decides claims such events, as one finding under each settings, with a fact for each member.
func decides(id, fact string, want func(*event) bool) func(*inquiry) {
	return func(q *inquiry) {
		keys, groups := groupBy(q.unclaimed(want), (*event).poolKey)
		for _, k := range keys {
			events := groups[k]
			f := q.claimMore(id, events, scopeOf(events), High)
			members, byMember := groupBy(events, func(e *event) string { return e.member })
			for _, m := range members {
				kinds, byKind := groupBy(byMember[m], func(e *event) fault.Fault { return e.fault })
				if len(kinds) == 1 || len(kinds) > maxKinds {
					f.says("access-log", atMember(m, byMember[m], fact), byMember[m]...)
					continue
				}
				for _, x := range kinds {
					f.says("access-log", atMember(m, byKind[x], x.Text()), byKind[x]...)
				}
			}
			q.fill(map[string]string{"address": address(events)}, f)
		}
	}
}

func atMember(member string, events []*event, fact string) string {
	text := fmt.Sprintf("%d × %s", len(events), fact)
	if d := detail(events); !strings.HasSuffix(text, d) {
		text += d
	}
	if member != "" {
		return member + ": " + text
	}
	return text
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
	if names := events[0].attempt.Presented; names != "" && !slices.ContainsFunc(events, func(e *event) bool { return e.attempt.Presented != names }) {
		d += ", presented for " + names
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
