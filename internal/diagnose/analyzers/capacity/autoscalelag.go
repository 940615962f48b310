package capacity

import (
	"fmt"
	"math"
	"time"

	"causeway/internal/activity"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// AutoscaleLag recognises h-autoscale-lag: traffic grew faster than the gateway.
var AutoscaleLag = inference.Analyzer{
	Name: "h-autoscale-lag", Requires: inference.Log | inference.Document | inference.Metrics,
	Doc: "failures begin with a step in arrivals and end while arrivals stay up; capacity or compute units stand still meanwhile, and rise as they end",
	Run: autoscaleLag,
}

// autoscaleLag: a step in traffic meets the instances that there are, until the new ones have come. That it was the gateway
// shows when it ends: nothing has changed but that the gateway uses more.
func autoscaleLag(c *inference.Case) {
	if c.Traffic.Config == nil || c.Traffic.Config.Autoscale == nil {
		return
	}
	events := mainRun(c.Unclaimed(inference.GatewayMade))
	if len(events) < stats.MinEvents {
		return
	}
	during := inference.Period{
		From: events[0].Start.Truncate(time.Minute),
		To:   events[len(events)-1].At.Truncate(time.Minute).Add(time.Minute),
	}
	length := during.To.Sub(during.From)
	before, after := inference.Period{From: during.From.Add(-length), To: during.From},
		inference.Period{From: during.To, To: during.To.Add(length)}
	requests := func(p inference.Period) int { return c.RequestsIn([]inference.Period{p}) }
	if length < 2*time.Minute || requests(during) < 2*requests(before) || 4*requests(after) < 3*requests(during) ||
		membersSlower(c, events, []inference.Period{during}) != "" {
		return
	}
	for _, name := range []string{"CapacityUnits", "ComputeUnits"} {
		m := c.Traffic.Metric(name)
		if m == nil {
			continue
		}
		if stood, rose, ok := stoodAndRose(m, during, after); ok {
			lagged(c, events, during, after,
				fmt.Sprintf("%s stood at %.0f meanwhile and was %.0f in as long a time after it, for as many requests", name, stood, rose))
		}
		return
	}
}

func lagged(c *inference.Case, events []*traffic.Event, during, after inference.Period, fact string) {
	if but := notOfAll(c, events, during, after); but != "" {
		c.Suspect(events, "traffic jumped and they ended while the gateway grew; but "+but, "h-autoscale-lag", "g-cpu-queueing",
			"d-cold-start", "c-backend-conn-limit")
		return
	}
	f := c.Claim("h-autoscale-lag", events, report.Scope{}, report.Medium)
	f.AddEvidence("access-log",
		fmt.Sprintf("from %s to %s %d requests failed that nothing else explains; arrivals had jumped, and stayed as high when it ended",
			units.Stamp(during.From), units.Stamp(during.To), len(events)), events...)
	f.AddEvidence("metrics", fact)
	f.RuleOut("h-capacity-max", "the gateway did grow further")
	f.AddOpenRivals("g-cpu-queueing", "d-cold-start", "c-backend-conn-limit", "c-accept-queue")
	f.SetExpected("gateway", 0, len(events), "bounded", "with as many instances ready as the step needs")
	c.Expand(map[string]string{}, f)
}

// notOfAll returns what speaks for something narrower than the gateway, which serves all pools, members and routes
// alike, or that it was the members that grew; nothing, if nothing does.
func notOfAll(c *inference.Case, events []*traffic.Event, during, after inference.Period) string {
	answered := func(t *stats.Timeline) bool { return t.Between(during.From, during.To) >= stats.MinEvents }
	late := during.To.Add(-during.To.Sub(during.From) / 4) // new members may be there some time before the last failure
	all := inference.ScopeOf(events)
	otherMember, otherKind, joined := false, false, 0
	for k, m := range c.Traffic.Members {
		otherMember = otherMember || k.Member != all.Member && answered(m.Answers)
		if m.Tried.Between(c.Traffic.From, late) == 0 && m.Tried.Between(late, after.To) > 0 {
			joined++
		}
	}
	for k, r := range c.Traffic.Routes {
		otherKind = otherKind || k.Path != all.Path && answered(r.Answers)
	}
	switch {
	case joined > 0:
		return fmt.Sprintf("%s first tried when they ended: the members may have been too few",
			units.Count(joined, "member was", "members were"))
	case all.Pool != "" && len(poolsInUse(c)) > 1:
		return fmt.Sprintf("they are all of %s, and a gateway serves all pools alike: look whether its members grew at the same time",
			inference.PoolName(all.Pool))
	case all.Member != "" && otherMember:
		return fmt.Sprintf("they are all of %s, and a gateway serves all members alike: look into its log of that time", all.Member)
	case all.Path != "" && otherKind:
		return fmt.Sprintf("they are all of %s, and a gateway serves all routes alike: look at what became of these at the member",
			all.Path)
	}
	return ""
}

// between is how long nothing may fail within one run of failures.
const between = 2 * time.Minute

// mainRun is the longest run of events, in order of time, if it holds nearly all of them.
func mainRun(events []*traffic.Event) []*traffic.Event {
	best, begin := events[:0], 0
	for i := range events {
		if i > 0 && events[i].At.Sub(events[i-1].At) > between {
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
func stoodAndRose(m *evidence.Metric, during, after inference.Period) (stood, rose float64, ok bool) {
	inner := inference.Period{From: during.From.Add(time.Minute), To: during.To.Add(-time.Minute)}
	least, most, sum, n := math.Inf(1), 0.0, 0.0, 0
	later, points := 0.0, 0
	for _, p := range m.Points {
		v := p.Value()
		switch {
		case math.IsNaN(v):
		case inference.Within([]inference.Period{inner}, p.At):
			least, most, sum, n = min(least, v), max(most, v), sum+v, n+1
		case inference.Within([]inference.Period{after}, p.At):
			later, points = later+v, points+1
		}
	}
	if n < 2 || points < 2 {
		return 0, 0, false
	}
	stood, rose = sum/float64(n), later/float64(points)
	return stood, rose, most <= 1.5*least && 2*rose >= 3*stood
}

// AutoscaleLagRecorded recognises h-autoscale-lag by Causeway's activity log, which says when the gateway grew.
var AutoscaleLagRecorded = inference.Analyzer{
	Name: "h-autoscale-lag", Requires: inference.Log | inference.Activity,
	Doc: "the activity log has the gateway grow; failures begin shortly before and end once the new instances serve, while arrivals stay up",
	Run: autoscaleLagRecorded,
}

const (
	noticed = time.Minute      // before the autoscaler decided, the load was there already
	settled = 10 * time.Second // after a new instance serves, until clients use it
)

// growth is a time in which the gateway grew, in one step or several.
type growth struct {
	inference.Period
	from, to int
	decided  time.Time // the last step
	why      string    // the first step, in the autoscaler's words
}

// scaleUps are the recorded times in which the gateway grew: each from shortly before it decided so to when the last new instance served.
func scaleUps(c *inference.Case) (out []growth) {
	for _, e := range c.Recorded(activity.Scale, activity.Ready) {
		last := len(out) - 1
		near := last >= 0 && e.At.Sub(out[last].To) <= between
		switch {
		case e.Kind == activity.Ready && near && e.At.Sub(out[last].decided) <= between:
			out[last].To = e.At
		case e.Kind == activity.Ready || e.To <= e.From:
		case near:
			g := &out[last]
			g.To, g.to, g.decided = units.Later(g.To, e.At), e.To, e.At
		default:
			out = append(out, growth{
				Period:  inference.Period{From: e.At.Add(-noticed), To: e.At},
				from:    e.From,
				to:      e.To,
				decided: e.At,
				why:     e.Why,
			})
		}
	}
	return out
}

// autoscaleLagRecorded: requests failed until the instances were there that the load needed. That it was the gateway shows in what
// happened next: nothing changed but their number, and the failures ended.
func autoscaleLagRecorded(c *inference.Case) {
	for _, g := range scaleUps(c) {
		end := g.To.Add(settled)
		during := inference.Period{From: g.From, To: end}
		length := end.Sub(g.From)
		before, after := inference.Period{From: g.From.Add(-length), To: g.From}, inference.Period{From: end, To: end.Add(length)}
		in := func(p inference.Period) []*traffic.Event {
			return traffic.Filter(c.Unclaimed(overloaded), func(e *traffic.Event) bool {
				return inference.Within([]inference.Period{p}, e.Start)
			})
		}
		events := in(during)
		requests := func(p inference.Period) int { return c.RequestsIn([]inference.Period{p}) }
		if len(events) < stats.MinEvents || 5*len(in(after)) > len(events) || 2*len(in(before)) > len(events) ||
			4*requests(after) < 3*requests(during) {
			continue
		}
		laggedRecorded(c, &g, events, during, after)
	}
}

func laggedRecorded(c *inference.Case, g *growth, events []*traffic.Event, during, after inference.Period) {
	held := traffic.Filter(events, func(e *traffic.Event) bool { return stoodStill(e, stalledPartly) })
	but := notOfAll(c, events, during, after)
	if but == "" && 2*len(held) < len(events) { // nothing shows that the gateway itself was short of time
		but = membersSlower(c, events, []inference.Period{during})
	}
	if but != "" {
		c.Suspect(events, "they ended while the gateway grew; but "+but, "h-autoscale-lag", "g-cpu-queueing", "d-cold-start",
			"c-backend-conn-limit")
		return
	}
	f := c.Claim("h-autoscale-lag", events, report.Scope{}, inference.ConfidenceOf(len(events) >= 2*stats.MinEvents))
	f.AddEvidence("activity-log", fmt.Sprintf("the gateway grew from %d to %s by %s%s", g.from,
		units.Count(g.to, "instance", "instances"), units.Stamp(g.To), becauseOf(g.why)))
	f.AddEvidence("access-log",
		fmt.Sprintf("from %s until then %d requests failed that nothing else explains, and hardly any in as long a time after it, for as many requests",
			units.Stamp(during.From), len(events)), events...)
	f.RuleOut("h-capacity-max", "the gateway did grow further")
	f.AddOpenRivals("g-cpu-queueing", "d-cold-start", "c-backend-conn-limit", "c-accept-queue")
	f.SetExpected("gateway", 0, len(events), "bounded", "with as many instances ready as the step needs")
	c.Expand(map[string]string{"least": fmt.Sprint(g.to), "most": fmt.Sprint(2 * g.to)}, f)
}

func becauseOf(why string) string {
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}
