package capacity

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// CapacityMax recognises h-capacity-max: the gateway has reached the most capacity it may use.
var CapacityMax = inference.Analyzer{
	Name: "h-capacity-max", Requires: inference.Document | inference.Metrics,
	Doc: "capacity or compute units stay at the most that the document allows, and failures at all pools lie in those minutes and hardly elsewhere",
	Run: capacityMax,
}

// Full is the part of the maximum from which a gateway has nothing left to give.
const Full = 0.9

// capacityMax: the gateway has as many instances as it may have, and they are busy.
func capacityMax(c *inference.Case) {
	limit := c.Traffic.MaxUnits()
	if limit == 0 {
		return
	}
	for _, name := range []string{"CapacityUnits", "ComputeUnits"} {
		m := c.Traffic.Metric(name)
		if m == nil {
			continue
		}
		busy := inference.Periods(m, Full*limit)
		minutes := 0
		for _, p := range busy {
			minutes += p.Points
		}
		if minutes < 3 {
			continue
		}
		atMaximum(c, name, limit, minutes, busy)
		return
	}
}

func atMaximum(c *inference.Case, name string, limit float64, minutes int, busy []inference.Period) {
	events := c.Unclaimed(inference.GatewayMade)
	inside, chance := c.Together(events, busy)
	fact := fmt.Sprintf("%s stood at %.0f %% or more of the %.0f that the document allows for %d minutes, first at %s", name, 100*Full,
		limit, minutes, units.Stamp(busy[0].From))
	if len(inside) < stats.MinEvents || chance >= stats.Significance || 2*len(inside) < len(events) {
		f := c.Note("h-capacity-max", nil, report.Scope{}, report.Low)
		f.AddEvidence("metrics", fact)
		if len(events) > 0 {
			f.AddEvidence("access-log", fmt.Sprintf("failures do not follow it: %d of %d are in those minutes", len(inside), len(events)))
		}
		c.Expand(map[string]string{}, f)
		return
	}
	if fullBesides(c, "h-capacity-max", fact, inside, busy) {
		return
	}
	pools, _ := traffic.GroupBy(inside, func(e *traffic.Event) string { return e.Pool })
	f := c.Claim("h-capacity-max", inside, report.Scope{}, inference.ConfidenceOf(len(pools) > 1))
	f.AddEvidence("metrics", fact)
	f.AddEvidence("access-log",
		fmt.Sprintf("%d of %d failures that nothing else explains lie in those minutes, at %s", len(inside), len(events),
			units.Count(len(pools), "pool", "pools")), inside...)
	f.RuleOut("h-autoscale-lag", "the gateway could not grow any further")
	if f.AddRivals("g-cpu-queueing"); len(pools) < 2 { // there is most to do for the members just then
		f.AddOpenRivals("c-backend-conn-limit", "c-accept-queue")
	}
	f.SetExpected("gateway", 0, len(inside), "bounded",
		"how much more is enough shows in the metric once it no longer stands at the maximum")
	c.Expand(map[string]string{}, f)
}

// fullBesides leaves open what failed while the gateway was full, if it is members that slowed down, or some of them alone
// that failed.
func fullBesides(c *inference.Case, id, fact string, inside []*traffic.Event, busy []inference.Period) bool {
	if slower := membersSlower(c, inside, busy); slower != "" {
		fullAndSlow(c, id, fact, inside, slower+": requests that wait for members fill a gateway too")
		return true
	}
	if pools, _ := traffic.GroupBy(inside, func(e *traffic.Event) string { return e.Pool }); len(pools) == 1 && len(poolsInUse(c)) > 1 {
		fullAndSlow(c, id, fact, inside,
			fmt.Sprintf("they are all of %s, and a gateway serves all pools alike: there is most to do for its members just then",
				inference.PoolName(pools[0])))
		return true
	}
	return false
}

// fullAndSlow leaves it open whether a full gateway or its members are to blame.
func fullAndSlow(c *inference.Case, id, fact string, events []*traffic.Event, but string) {
	f := c.Note(id, events, report.Scope{}, report.Low)
	f.AddEvidence("metrics", fact)
	f.AddEvidence("access-log",
		fmt.Sprintf("%d failures that nothing else explains lie in those minutes; but %s", len(events), but), events...)
	c.Expand(map[string]string{}, f)
	c.Suspect(events,
		"the gateway is full and members fail or are slow in the same minutes: compare the processors of the members and their own record of how long requests took with the log",
		id, "g-cpu-queueing", "g-worker-pool", "c-backend-conn-limit", "d-timeout-below-latency", "g-dependency-down")
}

// membersSlower says how the members, too, were slower in some periods, or nothing if it was not they that slowed down:
// time outside of members is the gateway's and the client's.
func membersSlower(c *inference.Case, events []*traffic.Event, busy []inference.Period) string {
	timeouts := 0
	for _, e := range events {
		if traffic.IsTimeout(e) {
			timeouts++
		}
	}
	if 2*timeouts > len(events) {
		return fmt.Sprintf("%d of them waited for a member in vain", timeouts)
	}
	var in, out traffic.Bucket
	for _, i := range c.Traffic.Line.List() {
		sum := &out
		if inference.Within(busy, i.At) {
			sum = &in
		}
		sum.Answered, sum.Waited, sum.Own = sum.Answered+i.Answered, sum.Waited+i.Waited, sum.Own+i.Own
	}
	if in.Answered < traffic.EnoughAnswers || out.Answered < traffic.EnoughAnswers {
		return "there are too few answers to tell whether the members were slower too"
	}
	waited, before := in.Waited/time.Duration(in.Answered), out.Waited/time.Duration(out.Answered)
	own, ownBefore := in.Own/time.Duration(in.Answered), out.Own/time.Duration(out.Answered)
	if grown := waited - before; grown > before/2 && grown > own-ownBefore {
		return fmt.Sprintf("the members took %s for an answer then, and %s at other times", units.Seconds(waited), units.Seconds(before))
	}
	return ""
}

func poolsInUse(c *inference.Case) map[string]bool {
	out := map[string]bool{}
	for _, r := range c.Traffic.Routes {
		if r.Pool != "" {
			out[r.Pool] = true
		}
	}
	return out
}
