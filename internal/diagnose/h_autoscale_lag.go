package diagnose

import (
	"fmt"
	"math"
	"time"

	"causeway/internal/evidence"
)

var growingGateways = hypothesis{
	cause: "h-autoscale-lag", needs: theLog | theDocument | theMetrics,
	test: "failures begin with a step in arrivals and end while arrivals stay up; capacity or compute units stand still meanwhile, and rise as they end",
	look: autoscaleLag,
}

// autoscaleLag: a step in traffic meets the instances that there are, until the new ones have come. That it was the gateway
// shows when it ends: nothing has changed but that the gateway uses more.
func autoscaleLag(q *inquiry) {
	if q.config == nil || q.config.Autoscale == nil {
		return
	}
	events := mainRun(q.unclaimed(gatewayMade))
	if len(events) < minEvents {
		return
	}
	during := period{from: events[0].start.Truncate(time.Minute), to: events[len(events)-1].at.Truncate(time.Minute).Add(time.Minute)}
	length := during.to.Sub(during.from)
	before, after := period{from: during.from.Add(-length), to: during.from}, period{from: during.to, to: during.to.Add(length)}
	requests := func(p period) int { return q.requestsIn([]period{p}) }
	if length < 2*time.Minute || requests(during) < 2*requests(before) || 4*requests(after) < 3*requests(during) || q.membersSlower(events, []period{during}) != "" {
		return
	}
	for _, name := range []string{"CapacityUnits", "ComputeUnits"} {
		m := q.metric(name)
		if m == nil {
			continue
		}
		if stood, rose, ok := stoodAndRose(m, during, after); ok {
			q.lagged(events, during, after, fmt.Sprintf("%s stood at %.0f meanwhile and was %.0f in as long a time after it, for as many requests", name, stood, rose))
		}
		return
	}
}

func (q *inquiry) lagged(events []*event, during, after period, fact string) {
	if but := q.notOfAll(events, during, after); but != "" {
		q.suspect(events, "traffic jumped and they ended while the gateway grew; but "+but, "h-autoscale-lag", "g-cpu-queueing", "d-cold-start", "c-backend-conn-limit")
		return
	}
	f := q.claim("h-autoscale-lag", events, Scope{}, Medium)
	f.says("access-log", fmt.Sprintf("from %s to %s %d requests failed that nothing else explains; arrivals had jumped, and stayed as high when it ended", stamp(during.from), stamp(during.to), len(events)), events...)
	f.says("metrics", fact)
	f.excludes("h-capacity-max", "the gateway did grow further")
	f.may("g-cpu-queueing", "d-cold-start", "c-backend-conn-limit", "c-accept-queue")
	f.expect("gateway", 0, len(events), "bounded", "with as many instances ready as the step needs")
	q.fill(map[string]string{}, f)
}

// notOfAll says what speaks for something narrower than the gateway, which serves all pools, members and kinds of requests
// alike, or that it was the members that grew; nothing, if nothing does.
func (q *inquiry) notOfAll(events []*event, during, after period) string {
	answered := func(t *ticks) bool { return t.between(during.from, during.to) >= minEvents }
	late := during.to.Add(-during.to.Sub(during.from) / 4) // new members may be there some time before the last failure
	all := scopeOf(events)
	otherMember, otherKind, joined := false, false, 0
	for k, m := range q.members {
		otherMember = otherMember || k.member != all.Member && answered(m.answers)
		if m.tried.between(q.from, late) == 0 && m.tried.between(late, after.to) > 0 {
			joined++
		}
	}
	for k, r := range q.routes {
		otherKind = otherKind || k.path != all.Path && answered(r.answers)
	}
	switch {
	case joined > 0:
		return fmt.Sprintf("%s first asked when they ended: it may be the members that were too few", count(joined, "member was", "members were"))
	case all.Pool != "" && len(q.poolsInUse()) > 1:
		return fmt.Sprintf("they are all of %s, and a gateway serves all pools alike: look whether its members grew at the same time", poolText(all.Pool))
	case all.Member != "" && otherMember:
		return fmt.Sprintf("they are all of %s, and a gateway serves all members alike: look into its log of that time", all.Member)
	case all.Path != "" && otherKind:
		return fmt.Sprintf("they are all of %s, and a gateway serves all kinds of requests alike: look at what became of these at the member", all.Path)
	}
	return ""
}

// between is how long nothing may fail within one run of failures.
const between = 2 * time.Minute

// mainRun is the longest run of events, in order of time, if it holds nearly all of them.
func mainRun(events []*event) []*event {
	best, begin := events[:0], 0
	for i := range events {
		if i > 0 && events[i].at.Sub(events[i-1].at) > between {
			begin = i
		}
		if i+1-begin > len(best) {
			best = events[begin : i+1]
		}
	}
	if 10*len(best) < 9*len(events) {
		return nil
	}
	return best
}

// stoodAndRose reports whether a metric hardly moved in one period, its first and last minute left out, for they are of
// other times too, and was half as high again in the other.
func stoodAndRose(m *evidence.Metric, during, after period) (stood, rose float64, ok bool) {
	inner := period{from: during.from.Add(time.Minute), to: during.to.Add(-time.Minute)}
	least, most, sum, n := math.Inf(1), 0.0, 0.0, 0
	later, points := 0.0, 0
	for _, p := range m.Points {
		v := p.Value()
		switch {
		case math.IsNaN(v):
		case within([]period{inner}, p.At):
			least, most, sum, n = min(least, v), max(most, v), sum+v, n+1
		case within([]period{after}, p.At):
			later, points = later+v, points+1
		}
	}
	if n < 2 || points < 2 {
		return 0, 0, false
	}
	stood, rose = sum/float64(n), later/float64(points)
	return stood, rose, most <= 1.5*least && 2*rose >= 3*stood
}
