package diagnose

import "fmt"

var busyGateway = hypothesis{
	cause: "h-cpu", needs: theMetrics,
	test: "the processors of the gateway are busy above 90 %, and failures at all pools lie in those minutes",
	look: gatewayCPU,
}

// gatewayCPU: a gateway of the first generation has a fixed number of instances of one size; their processors are full.
func gatewayCPU(q *inquiry) {
	m := q.metric("CpuUtilization")
	if m == nil {
		return
	}
	busy := periods(m, 90)
	minutes := 0
	for _, p := range busy {
		minutes += p.points
	}
	if minutes < 3 {
		return
	}
	events := q.unclaimed(gatewayMade)
	inside, chance := q.together(events, busy)
	fact := fmt.Sprintf("CpuUtilization was 90 %% or more for %d minutes, first at %s", minutes, stamp(busy[0].from))
	if len(inside) < minEvents || chance >= significance || 2*len(inside) < len(events) {
		f := q.remark("h-cpu", nil, Scope{}, Low)
		f.says("metrics", fact)
		q.fill(map[string]string{}, f)
		return
	}
	if q.fullBesides("h-cpu", fact, inside, busy) {
		return
	}
	f := q.claim("h-cpu", inside, Scope{}, Medium)
	f.says("metrics", fact)
	f.says("access-log", fmt.Sprintf("%d of %d failures that nothing else explains lie in those minutes", len(inside), len(events)), inside...)
	f.leaves("g-cpu-queueing", "h-waf-latency")
	f.expect("gateway", 0, len(inside), "bounded", "more instances, or larger ones, share the work")
	q.fill(map[string]string{}, f)
}
