package diagnose

import (
	"fmt"

	"causeway/internal/fault"
)

var badInstances = hypothesis{
	cause: "h-instance-fault", needs: theLog,
	test: "failures follow one instance of the gateway, at all members alike",
	look: instanceFault,
}

// gatewayMade matches failures that the gateway met, whoever is behind them; not what a backend or a client said itself, or may
// have said.
func gatewayMade(e *event) bool {
	return e.visible && e.fault.Side != fault.Client && e.fault.Kind != fault.Status && !e.unsaid && e.instance != ""
}

// instanceFault: one instance fails requests that the others would have served.
func instanceFault(q *inquiry) {
	if len(q.instances) < 2 {
		return
	}
	_, byInstance := groupBy(q.unclaimed(gatewayMade), func(e *event) string { return e.instance })
	exposure := map[string]int{}
	for k, c := range q.instances {
		exposure[k] = c.requests
	}
	for _, s := range standsOut(exposure, byInstance) {
		events := byInstance[s.key]
		members, _ := groupBy(events, func(e *event) string { return e.member })
		others := -len(events) // what another cause explains is not counted, here or there
		for _, same := range byInstance {
			others += len(same)
		}
		if s.failures < minEvents || len(members) < 2 && len(q.members) > 1 || 5*others > len(events) || q.mayBeTheRequest(events) {
			continue
		}
		scope := scopeOf(events)
		scope.Instance = s.key
		f := q.claim("h-instance-fault", events, scope, confidenceOf(s.failures >= 2*minEvents))
		f.says("access-log", fmt.Sprintf("%d failures are on instance %s, which has %.0f %% of the requests; the other %d instances have %d that nothing else explains", len(events), s.key, 100*s.share, len(q.instances)-1, others), events...)
		f.excludes("b-node-local", fmt.Sprintf("it fails at %d members, not at one", len(members)))
		f.leaves("a-probe-per-instance-skew")
		f.expect("gateway", len(events), len(events), "bounded", "the other instances served the same kind of requests")
		q.fill(map[string]string{"instance": s.key}, f)
	}
}
