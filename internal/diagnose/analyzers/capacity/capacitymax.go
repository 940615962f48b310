package capacity

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/activity"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/sizing"
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

// CapacityMaxRecorded recognises h-capacity-max by Causeway's activity log, which says when the gateway was full.
var CapacityMaxRecorded = inference.Analyzer{
	Name: "h-capacity-max", Requires: inference.Log | inference.Activity,
	Doc: "the activity log says that the load needed more instances than there may be; meanwhile requests ended by timers or were lost, and the process of the gateway stood still during them, or they lie in that time more often than the traffic does",
	Run: capacityMaxRecorded,
}

// capacityMaxRecorded: the instances use up their budgets, and the gateway may have no more of them.
func capacityMaxRecorded(c *inference.Case) {
	full, need, why := fullTimes(c)
	if len(full) == 0 {
		return
	}
	late := c.Unclaimed(overloaded)
	inside, chance := c.Together(late, full)
	held := traffic.Filter(inside, func(e *traffic.Event) bool { return stoodStill(e, stalledPartly) })
	judged := c.Unclaimed(func(e *traffic.Event) bool { return judgedBlindly(c, e, full) })
	demand := sizing.RecordedDemand(c.Traffic, need.now)
	if need.instances > 0 && demand.Known() {
		need.instances = demand.Need(need.now)
	}
	fact := fmt.Sprintf("the gateway was full for %s, first at %s (%s)", units.Seconds(lengthOf(full)), units.Stamp(full[0].From), why)
	switch {
	case len(held)+len(judged) >= stats.MinEvents && 2*len(held) >= len(inside): // its budget cut it off, whatever the members did
		all := slices.Concat(inside, judged)
		traffic.SortByTime(all)
		f := claimFull(c, all, need, fact, report.High)
		if len(held) > 0 {
			f.AddEvidence("access-log", fmt.Sprintf(
				"%d of %d failures of that time ended by a timer, or were lost, while the gateway's own process stood still for a tenth of them or more",
				len(held), len(inside)), held...)
		}
		if demand.Known() {
			f.AddEvidence("access-log", demand.Text())
		}
		if len(judged) > 0 {
			f.AddEvidence("backend-health", fmt.Sprintf(
				"%d requests found no healthy member: the gateway took members out whose answers to its probes it was too busy to hear",
				len(judged)), judged...)
		}
	case len(inside) < stats.MinEvents || chance >= stats.Significance || 2*len(inside) < len(late):
		f := c.Note("h-capacity-max", nil, report.Scope{}, report.Low)
		f.AddEvidence("activity-log", fact)
		recordedFixes(c, f, need)
	case !fullBesides(c, "h-capacity-max", fact, inside, full):
		claimFull(c, inside, need, fact, report.Medium).AddEvidence("access-log",
			fmt.Sprintf("%d of %d failures that nothing else explains lie in that time", len(inside), len(late)), inside...)
	}
}

// judgedBlindly matches what found no healthy member because a full gateway did not hear what its probes were answered.
func judgedBlindly(c *inference.Case, e *traffic.Event, full []inference.Period) bool {
	if e.Fault.Kind != fault.NoHealthy {
		return false
	}
	since, ok := c.Traffic.StalledOut(e)
	return ok && inference.Within(full, since)
}

func claimFull(c *inference.Case, events []*traffic.Event, need fullNeed, fact, confidence string) *inference.Finding {
	f := c.Claim("h-capacity-max", events, report.Scope{}, confidence)
	f.AddEvidence("activity-log", fact)
	if slices.ContainsFunc(events, func(e *traffic.Event) bool { return e.Fault.Side == fault.Client }) {
		f.AddEvidence("access-log", "clients gave up: those whom the gateway had not even accepted by then are in no record, so that more may have failed than these")
	}
	f.RuleOut("h-autoscale-lag", "the gateway could not grow any further")
	f.AddRivals("g-cpu-queueing", "h-cpu")
	recordedFixes(c, f, need)
	return f
}

// overloaded matches what a gateway without processor time may bring about: a timer ran out, a connection was lost, a client gave up.
// Nobody refuses a connection, or has no name, because the gateway is slow.
func overloaded(e *traffic.Event) bool {
	if !e.Visible || e.Ambiguous {
		return false
	}
	if e.Fault.Side == fault.Client {
		return stoodStill(e, stalledPartly)
	}
	return e.Fault.Kind == fault.Timeout || e.Fault.Kind == fault.Closed || e.Fault.Kind == fault.Reset
}

// FullTimes are the times within the traffic in which the load needed more instances than there may be, as the activity log has them.
func FullTimes(c *inference.Case) []inference.Period {
	full, _, _ := fullTimes(c)
	return full
}

// fullTimes are the recorded times in which the load needed more instances than there may be, how many it needed at most, and why the
// first began. A time without a recorded end lasts as long as the traffic.
func fullTimes(c *inference.Case) (full []inference.Period, need fullNeed, why string) {
	open := false
	for _, e := range c.Recorded(activity.Scale) {
		if e.Need > need.instances {
			need = fullNeed{e.To, e.Need}
		}
		if open {
			full[len(full)-1].To = e.At
		}
		if open = e.Full; open {
			full = append(full, inference.Period{
				From: units.Later(c.Traffic.From, e.At.Add(-recognised)),
				To:   units.Later(c.Traffic.To, e.At).Add(time.Second),
			})
			why = units.Or(why, e.Why)
		}
	}
	before := func(p inference.Period) bool { return !p.From.Before(p.To) } // it had ended when this traffic began
	return slices.DeleteFunc(full, before), need, why
}

// recordedFixes are what capacity advises for the load that the gateway could not carry; without a number, those of the catalogue.
func recordedFixes(c *inference.Case, f *inference.Finding, need fullNeed) {
	if need.instances > 0 {
		f.Fixes = f.Fixes[:0]
		for _, a := range sizing.InstanceAdvice(c.Traffic, need.now, need.instances, "") {
			f.Fixes = append(f.Fixes, report.Fix{
				Side:     "gateway",
				Change:   a.Change,
				Commands: a.Commands,
				Expected: report.Expected{Removes: [2]int{0, len(f.Events)}, Basis: "unknown"},
			})
		}
	}
	f.SetExpected("gateway", 0, len(f.Events), "bounded", "how much more is enough shows once the gateway is no longer full")
	c.Expand(map[string]string{}, f)
}

// fullNeed is how many instances the load needed at most, where so many ran; 0: not known.
type fullNeed struct{ now, instances int }

// recognised is how long, at most, a gateway is full before the autoscaler has seen enough samples to say so.
const recognised = 10 * time.Second

func lengthOf(periods []inference.Period) (sum time.Duration) {
	for _, p := range periods {
		sum += p.To.Sub(p.From)
	}
	return sum
}
