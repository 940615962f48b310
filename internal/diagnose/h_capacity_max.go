package diagnose

import (
	"fmt"
	"time"
)

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
		f := q.remark("h-capacity-max", nil, Scope{}, Low)
		f.says("metrics", fact)
		if len(events) > 0 {
			f.says("access-log", fmt.Sprintf("failures do not go with it: %d of %d are in those minutes", len(inside), len(events)))
		}
		q.fill(map[string]string{}, f)
		return
	}
	if q.fullBesides("h-capacity-max", fact, inside, busy) {
		return
	}
	pools, _ := groupBy(inside, func(e *event) string { return e.pool })
	f := q.claim("h-capacity-max", inside, Scope{}, confidenceOf(len(pools) > 1))
	f.says("metrics", fact)
	f.says("access-log", fmt.Sprintf("%d of %d failures that nothing else explains lie in those minutes, at %s", len(inside), len(events), count(len(pools), "pool", "pools")), inside...)
	f.excludes("h-autoscale-lag", "the gateway could not grow any further")
	if f.leaves("g-cpu-queueing"); len(pools) < 2 { // there is most to do for the members just then
		f.may("c-backend-conn-limit", "c-accept-queue")
	}
	f.expect("gateway", 0, len(inside), "bounded", "how much more is enough shows in the metric once it no longer stands at the maximum")
	q.fill(map[string]string{}, f)
}

// fullBesides leaves open what failed while the gateway was full, if it is members that slowed down, or some of them alone
// that failed.
func (q *inquiry) fullBesides(id, fact string, inside []*event, busy []period) bool {
	if slower := q.membersSlower(inside, busy); slower != "" {
		q.fullAndSlow(id, fact, inside, slower+": requests that wait for members fill a gateway too")
		return true
	}
	if pools, _ := groupBy(inside, func(e *event) string { return e.pool }); len(pools) == 1 && len(q.poolsInUse()) > 1 {
		q.fullAndSlow(id, fact, inside, fmt.Sprintf("they are all of %s, and a gateway serves all pools alike: there is most to do for its members just then", poolText(pools[0])))
		return true
	}
	return false
}

// fullAndSlow leaves it open whether a full gateway or its members are to blame.
func (q *inquiry) fullAndSlow(id, fact string, events []*event, but string) {
	f := q.remark(id, events, Scope{}, Low)
	f.says("metrics", fact)
	f.says("access-log", fmt.Sprintf("%d failures that nothing else explains lie in those minutes; but %s", len(events), but), events...)
	q.fill(map[string]string{}, f)
	q.suspect(events, "the gateway is full and members fail or are slow in the same minutes: compare the processors of the members and their own record of how long requests took with the log",
		id, "g-cpu-queueing", "g-worker-pool", "c-backend-conn-limit", "d-timeout-below-latency", "g-dependency-down")
}

// membersSlower says how the members, too, were slower in some periods, or nothing if it was not they that slowed down:
// time outside of members is the gateway's and the client's.
func (q *inquiry) membersSlower(events []*event, busy []period) string {
	timeouts := 0
	for _, e := range events {
		if isTimeout(e) {
			timeouts++
		}
	}
	if 2*timeouts > len(events) {
		return fmt.Sprintf("%d of them waited for a member in vain", timeouts)
	}
	var in, out interval
	for _, i := range q.line.list() {
		sum := &out
		if within(busy, i.at) {
			sum = &in
		}
		sum.answered, sum.waited, sum.own = sum.answered+i.answered, sum.waited+i.waited, sum.own+i.own
	}
	if in.answered < enoughAnswers || out.answered < enoughAnswers {
		return "there are too few answers to tell whether the members were slower too"
	}
	waited, before := in.waited/time.Duration(in.answered), out.waited/time.Duration(out.answered)
	own, ownBefore := in.own/time.Duration(in.answered), out.own/time.Duration(out.answered)
	if grown := waited - before; grown > before/2 && grown > own-ownBefore {
		return fmt.Sprintf("the members took %s for an answer then, and %s at other times", seconds(waited), seconds(before))
	}
	return ""
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
