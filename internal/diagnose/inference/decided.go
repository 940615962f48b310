package inference

import (
	"fmt"
	"slices"
	"strings"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
)

// Decided makes an analyzer of a fault that needs no statistics: the record itself saw the mechanism.
func Decided(id string, n Evidence, test, fact string, want func(*traffic.Event) bool) Analyzer {
	return Analyzer{Name: id, Requires: n, Doc: test, Run: Decides(id, fact, want)}
}

// MaxListed is how many different faults of one cause a finding lists one by one.
const MaxListed = 8

// Decides claims the events that want keeps: one finding for each backend settings, with a fact for each member.
func Decides(id, fact string, want func(*traffic.Event) bool) func(*Case) {
	return func(c *Case) {
		keys, groups := traffic.GroupBy(c.Unclaimed(want), (*traffic.Event).PoolKey)
		for _, k := range keys {
			events := groups[k]
			f := c.ClaimMore(id, events, ScopeOf(events), report.High)
			members, byMember := traffic.GroupBy(events, func(e *traffic.Event) string { return e.Member })
			for _, m := range members {
				kinds, byKind := traffic.GroupBy(byMember[m], func(e *traffic.Event) fault.Fault { return e.Fault })
				if len(kinds) == 1 || len(kinds) > MaxListed {
					f.AddEvidence("access-log", atMember(m, byMember[m], fact), byMember[m]...)
					continue
				}
				for _, x := range kinds {
					f.AddEvidence("access-log", atMember(m, byKind[x], x.Text()), byKind[x]...)
				}
			}
			c.Expand(map[string]string{"address": Address(events)}, f)
		}
	}
}

func atMember(member string, events []*traffic.Event, fact string) string {
	text := fmt.Sprintf("%d × %s", len(events), fact)
	if d := Detail(events); !strings.HasSuffix(text, d) {
		text += d
	}
	if member != "" {
		return member + ": " + text
	}
	return text
}

// Detail is what the gateway noted beside the fault, if all events agree on it.
func Detail(events []*traffic.Event) string {
	d := events[0].Fault.Detail
	for _, e := range events {
		if e.Fault.Detail != d {
			return ""
		}
	}
	if d == "" {
		return ""
	}
	if names := events[0].Attempt.Presented; names != "" &&
		!slices.ContainsFunc(events, func(e *traffic.Event) bool { return e.Attempt.Presented != names }) {
		d += ", presented for " + names
	}
	return ": " + d
}

// Is matches a fault by side, phase and kinds.
func Is(side fault.Side, phase fault.Phase, kinds ...fault.Kind) func(*traffic.Event) bool {
	return func(e *traffic.Event) bool {
		if e.Fault.Side != side || e.Fault.Phase != phase {
			return false
		}
		for _, k := range kinds {
			if e.Fault.Kind == k {
				return true
			}
		}
		return len(kinds) == 0
	}
}

// Either matches what one of two predicates matches.
func Either(a, b func(*traffic.Event) bool) func(*traffic.Event) bool {
	return func(e *traffic.Event) bool { return a(e) || b(e) }
}

// CertificateFault matches a refused certificate by the reason that verification gave.
func CertificateFault(reasons ...string) func(*traffic.Event) bool {
	return func(e *traffic.Event) bool {
		if e.Fault.Phase != fault.TLS || e.Fault.Kind != fault.Certificate {
			return false
		}
		for _, r := range reasons {
			if e.Fault.Detail == r {
				return true
			}
		}
		return false
	}
}
