package diagnose

import "fmt"

var capacityAtMaximum = hypothesis{
	cause: "h-capacity-max", needs: theDocument | theMetrics,
	test: "capacity or compute units stay at the most that the document allows, and failures at all pools lie in those minutes and hardly elsewhere",
	look: capacityMax,
}

// full is the part of the maximum from which a gateway has nothing left to give.
const full = 0.9

// capacityMax: the gateway has as many instances as it may have, and they are busy.
func capacityMax(q *inquiry) {
	limit := q.maxUnits()
	if limit == 0 {
		return
	}
	for _, name := range []string{"CapacityUnits", "ComputeUnits"} {
		m := q.metric(name)
		if m == nil {
			continue
		}
		busy := periods(m, full*limit)
		minutes := 0
		for _, p := range busy {
			minutes += p.points
		}
		if minutes < 3 {
			continue
		}
		q.atMaximum(name, limit, minutes, busy)
		return
	}
}

func (q *inquiry) atMaximum(name string, limit float64, minutes int, busy []period) {
	events := q.unclaimed(gatewayMade)
	inside, chance := q.together(events, busy)
	fact := fmt.Sprintf("%s stood at %.0f %% or more of the %.0f that the document allows for %d minutes, first at %s", name, 100*full, limit, minutes, stamp(busy[0].from))
	if len(inside) < minEvents || chance >= significance || 2*len(inside) < len(events) {
		f := q.remark("h-capacity-max", nil, Scope{}, Medium)
		f.says("metrics", fact)
		f.says("access-log", fmt.Sprintf("failures do not go with it: %d of %d are in those minutes", len(inside), len(events)))
		q.fill(q.growth(limit), f)
		return
	}
	pools, _ := groupBy(inside, func(e *event) string { return e.pool })
	f := q.claim("h-capacity-max", inside, Scope{}, confidenceOf(len(pools) > 1 || len(q.poolsInUse()) < 2))
	f.says("metrics", fact)
	f.says("access-log", fmt.Sprintf("%d of %d failures that nothing else explains lie in those minutes, at %d pools", len(inside), len(events), len(pools)), inside...)
	f.excludes("h-autoscale-lag", "the gateway could not grow any further")
	f.leaves("g-cpu-queueing")
	f.expect("gateway", 0, len(inside), "bounded", "how much more is enough shows in the metric once it no longer stands at the maximum")
	q.fill(q.growth(limit), f)
}

// growth are the values of a larger gateway: half as many instances more, two at least.
func (q *inquiry) growth(limit float64) map[string]string {
	now := int(limit / 10)
	return map[string]string{"instances": fmt.Sprint(now), "newInstances": fmt.Sprint(min(125, max(now+2, now*3/2)))}
}

func (q *inquiry) poolsInUse() map[string]bool {
	out := map[string]bool{}
	for _, r := range q.routes {
		if r.pool != "" {
			out[r.pool] = true
		}
	}
	return out
}
