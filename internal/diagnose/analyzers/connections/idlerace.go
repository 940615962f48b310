// Package connections holds the analyzers of group c: the life of connections to members, and restarts that end them.
package connections

import (
	"fmt"
	"math"
	"slices"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// IdleRace recognises c-idle-race: the backend closes idle connections while the gateway is about to reuse them.
var IdleRace = inference.Analyzer{
	Name: "c-idle-race", Requires: inference.Trace,
	Doc: "idle age and latency of the lost requests add up to one limit, or to a band that one tick of the server's timer makes, beyond which no connection was answered",
	Run: idleRace,
}

// idleRace: the member ends idle connections at a limit T, and the gateway picks one within the last round trip before.
//
// The mechanism leaves a signature in every single failure. The end of the connection leaves the server when T has
// passed there, and reaches the gateway when the connection has been idle for exactly T as the gateway counts it —
// whenever the doomed request was sent. So the idle age at which a connection was picked and the time until it broke add
// up to the same T in each failure, while each of the two varies by a round trip. Nothing else does that: a restart ends
// connections at one moment and not at one age, a crash follows the request, a limit on uses or age clusters elsewhere.
func idleRace(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Own && e.ClosedUnanswered() && e.Attempt.Reused }),
		(*traffic.Event).Key)
	for _, k := range keys {
		idleRaceOf(c, k, groups[k])
	}
}

func idleRaceOf(c *inference.Case, k traffic.MemberKey, events []*traffic.Event) {
	m := c.Traffic.Members[k]
	limit, cluster, rest := traffic.ClusterOf(events, ClosedAt)
	if !traffic.Mostly(cluster, events) && idleBandOf(c, k, events) {
		return
	}
	if len(cluster) < 3 {
		return // too few even to suspect one mechanism; what remains is looked at by others
	}
	r := race{k: k, m: m, limit: limit, events: cluster}
	r.measure()
	switch {
	case r.answeredBeyond > len(cluster)/10:
		return // connections idle for longer did answer: no limit at T
	case r.oneMoment():
		return // all at one instant: not an age but an event
	case r.answeredInside > 2*len(cluster) || !r.signed():
		c.Suspect(cluster,
			fmt.Sprintf("the connections ended after about %s without a request, but others like them were answered, or that is simply how often requests come: read the log of %s at those times",
				units.Seconds(limit), k.Member), "c-idle-race", "g-crash-on-input", "c-restart", "g-worker-recycle")
		return
	case len(cluster) < stats.MinEvents:
		c.Suspect(cluster, fmt.Sprintf("collect more traffic: %d failures fit an idle limit of %s on %s, five are needed for a verdict",
			len(cluster), units.Seconds(limit), k.Member),
			"c-idle-race", "c-restart", "g-crash-on-input")
		return
	}
	confidence := report.High
	if len(rest) > len(cluster) || r.usesCluster() || 2*r.answeredInside > len(cluster) {
		confidence = report.Medium
	}
	reportRace(c, &r, rest, confidence)
}

// race is what the failures on one member say together.
type race struct {
	k      traffic.MemberKey
	m      *traffic.MemberStats
	limit  time.Duration // T
	events []*traffic.Event

	window         time.Duration // the widest distance before T at which a request was lost: about a round trip
	spread         time.Duration // of idle age + latency
	answeredBeyond int           // answers on connections that had been idle for longer than T
	answeredInside int           // answers within the window
	staleBeyond    int           // connections found closed, at ages above T - window
	predicted      float64       // failures that the gaps of the connections predict
}

// ClosedAt is the idle age at which the connection's end reached the gateway.
func ClosedAt(e *traffic.Event) time.Duration { return e.Attempt.Idle + e.Attempt.Total }

// measure compares the failures with everything else that happened on the member's connections.
func (r *race) measure() {
	ages := traffic.SortedDurations(r.events, ClosedAt)
	r.spread = ages[len(ages)-1] - ages[0]
	for _, e := range r.events {
		r.window = max(r.window, r.limit-e.Attempt.Idle)
	}
	r.window = max(r.window, time.Millisecond)
	low := r.limit - r.window
	for _, g := range r.m.Gaps.List {
		n := r.m.Gaps.Weight(g)
		switch {
		case g.How == traffic.Answered && g.Idle > r.limit:
			r.answeredBeyond += n
		case g.How == traffic.Answered && g.Idle > low:
			r.answeredInside += n
		case g.How == traffic.Stale && g.Idle > low:
			r.staleBeyond++
		}
	}
	r.predicted = r.predict()
}

// predict integrates the density of the gaps over the window, estimated from both sides of it and never from the
// failures themselves. Connections are often picked in regular patterns, so no law for the gaps is assumed: the sides
// are as narrow as the number of gaps in them allows.
func (r *race) predict() float64 {
	side, below, above := r.window, 0, 0
	for ; ; side += r.window {
		below, above = r.beside(side)
		if below+above >= enoughGaps || side >= r.limit/10 {
			break
		}
	}
	// Of the gaps above T only a part is seen: one pick may find several connections closed, and sweeps take others.
	gaps := max(2*below, below+above)
	return float64(gaps) / (2 * side.Seconds()) * r.window.Seconds()
}

const enoughGaps = 20

// beside counts the gaps on either side of the window.
func (r *race) beside(side time.Duration) (below, above int) {
	for _, g := range r.m.Gaps.List {
		n := r.m.Gaps.Weight(g)
		switch {
		case g.Idle > r.limit-r.window-side && g.Idle <= r.limit-r.window:
			below += n
		case g.Idle > r.limit && g.Idle <= r.limit+side:
			above += n
		}
	}
	return below, above
}

// signed reports whether the failures bear the mark of a limit, and not only that of traffic that comes at about that
// pace: the sum of idle age and latency is more exact than either alone, or idle connections were found closed at such
// ages, or the limit is the one that the member announces.
func (r *race) signed() bool {
	idle := traffic.SortedDurations(r.events, func(e *traffic.Event) time.Duration { return e.Attempt.Idle })
	sum := traffic.SortedDurations(r.events, ClosedAt)
	if 2*middleHalf(sum) <= middleHalf(idle) {
		return true
	}
	hint := r.m.Hint
	return r.staleBeyond > 0 || hint > 0 && ((r.limit-hint).Abs() <= traffic.Tolerance(r.limit) ||
		(r.limit-hint-time.Second).Abs() <= traffic.Tolerance(r.limit))
}

// middleHalf is how far apart the values are, but for the quarters at either end.
func middleHalf(sorted []time.Duration) time.Duration {
	return sorted[len(sorted)*3/4] - sorted[len(sorted)/4]
}

// oneMoment reports whether the failures lie in one or two seconds of a longer window: an event, not an age.
func (r *race) oneMoment() bool {
	distinct := map[int64]bool{}
	for _, e := range r.events {
		distinct[e.At.Unix()] = true
	}
	return len(distinct) < 2 || len(r.events) >= 2*stats.MinEvents && len(distinct) < 3
}

// usesCluster reports whether the number of requests on the connections is as constant as their idle age: then a limit
// on uses explains the failures as well.
func (r *race) usesCluster() bool {
	first := r.events[0].Attempt.Uses
	for _, e := range r.events {
		if e.Attempt.Uses != first {
			return false
		}
	}
	return len(r.events) >= stats.MinEvents && first > 1
}

func reportRace(c *inference.Case, r *race, rest []*traffic.Event, confidence string) {
	f := c.Claim("c-idle-race", r.events, report.Scope{Pool: r.events[0].Pool, Settings: r.k.Settings, Member: r.k.Member}, confidence)
	idle := traffic.SortedDurations(r.events, func(e *traffic.Event) time.Duration { return e.Attempt.Idle })
	took := traffic.SortedDurations(r.events, func(e *traffic.Event) time.Duration { return e.Attempt.Total })
	f.AddEvidence("access-log",
		fmt.Sprintf("%d requests were lost on connections of %s that had been idle for %s to %s; each connection ended at an idle age of %s (within %s), before any byte of an answer",
			len(r.events), r.k.Member, units.Seconds(idle[0]), units.Seconds(idle[len(idle)-1]), units.Seconds(r.limit),
			units.Seconds(r.spread)), r.events...)
	f.AddEvidence("access-log", r.announced())
	f.AddEvidence("access-log",
		fmt.Sprintf("they failed within %s (median %s), long before an answer was due: that is how long a close takes to arrive, not how long a handler works",
			units.Seconds(took[len(took)-1]), units.Seconds(stats.Quantile(took, 0.5))))
	f.AddEvidence("access-log",
		fmt.Sprintf("connections idle for longer than that: %d answered, %d found closed before use. Within the last %s before it: %d answered, %d lost",
			r.answeredBeyond, r.staleBeyond, units.Seconds(r.window), r.answeredInside, len(r.events)))
	f.AddEvidence("access-log",
		fmt.Sprintf("the gaps between requests on each connection predict about %.0f such failures of %d attempts (%s); there were %d (%s)",
			math.Max(r.predicted, 0), r.m.Attempts, units.Percent(int(math.Round(r.predicted)), r.m.Attempts), len(r.events),
			units.Percent(len(r.events), r.m.Attempts)))
	f.AddEvidence("configuration", fmt.Sprintf("the gateway reuses backend connections that have been idle for up to %s",
		units.Seconds(GatewayIdle(c))))
	r.rivals(f, rest)
	raceFixes(c, r, f)
}

// announced compares the limit that the server announces with the one that it keeps.
func (r *race) announced() string {
	if r.m.Hint == accesslog.Unset {
		return fmt.Sprintf("the member announces no idle limit; observed: %s%s", units.Seconds(r.limit),
			lookalike(r.limit, r.limit, r.m.Hint))
	}
	return fmt.Sprintf("announced idle limit (Keep-Alive: timeout): %s; observed: %s%s", units.Seconds(r.m.Hint), units.Seconds(r.limit),
		lookalike(r.limit, r.limit, r.m.Hint))
}

func (r *race) rivals(f *inference.Finding, rest []*traffic.Event) {
	distinct := map[int64]bool{}
	for _, e := range r.events {
		distinct[e.At.Unix()] = true
	}
	f.RuleOut("c-restart", fmt.Sprintf("the failures lie in %d different seconds, and no new connection was refused at those times",
		len(distinct)))
	f.RuleOut("g-crash-on-input", "the connections ended at one idle age, whatever the request was")
	if r.usesCluster() {
		f.AddRivals("c-keepalive-max-requests")
	} else {
		uses := map[int]bool{}
		for _, e := range r.events {
			uses[e.Attempt.Uses] = true
		}
		f.RuleOut("c-keepalive-max-requests", fmt.Sprintf("the connections had carried %d different numbers of requests", len(uses)))
	}
	ages := traffic.SortedDurations(r.events, func(e *traffic.Event) time.Duration { return e.Attempt.Age + e.Attempt.Total })
	if spread := ages[len(ages)-1] - ages[0]; spread > 2*traffic.Tolerance(ages[0]) {
		f.RuleOut("c-max-age", fmt.Sprintf("the connections were between %s and %s old", units.Seconds(ages[0]),
			units.Seconds(ages[len(ages)-1])))
	} else {
		f.AddRivals("c-max-age")
	}
}

// raceFixes fills in the values, and replays the gateway's own fix on the failures.
func raceFixes(c *inference.Case, r *race, f *inference.Finding) {
	newIdle := saferIdle(r)
	removed := 0
	for _, e := range r.events {
		if e.Attempt.Idle >= newIdle {
			removed++
		}
	}
	fresh := 0
	for _, g := range r.m.Gaps.List {
		if g.How == traffic.Answered && g.Idle >= newIdle {
			fresh += r.m.Gaps.Weight(g)
		}
	}
	f.SetExpected("gateway", removed, removed, "exact", fmt.Sprintf(
		"replayed on this evidence: each of them was on a connection idle for %s or more; %d requests that went well would have made a new connection instead", units.Seconds(newIdle), fresh))
	f.SetExpected("backend", len(r.events), len(r.events), "exact",
		"with a limit above the gateway's, the gateway is the one that ends idle connections")
	target := GatewayIdle(c) + 5*time.Second
	c.Expand(map[string]string{
		"address": r.k.Server.String(), "idle": units.Seconds(GatewayIdle(c)), "backendIdle": units.Seconds(r.limit),
		"newIdle":       units.GoDuration(newIdle),
		"backendTarget": units.Seconds(target), "backendTargetMs": fmt.Sprint(target.Milliseconds()),
	}, f)
}

// saferIdle is an idle limit for the gateway that keeps clear of the member's by the window and as much again, rounded
// down to something that one would write.
func saferIdle(r *race) time.Duration {
	low := slices.Min(traffic.SortedDurations(r.events, func(e *traffic.Event) time.Duration { return e.Attempt.Idle }))
	safe := min(low, r.limit-2*r.window-traffic.Tolerance(r.limit))
	step := 100 * time.Millisecond
	if safe > 5*time.Second {
		step = time.Second
	}
	return max(safe.Truncate(step), step)
}

// GatewayIdle is the idle limit of the gateway's own pool.
func GatewayIdle(c *inference.Case) time.Duration {
	if c.Traffic.Local != nil && c.Traffic.Local.BackendIdleTimeout > 0 {
		return c.Traffic.Local.BackendIdleTimeout
	}
	return 60 * time.Second
}

// IdleRaceByPorts recognises c-idle-race: the backend closes idle connections while the gateway is about to reuse them.
var IdleRaceByPorts = inference.Analyzer{
	Name: "c-idle-race", Requires: inference.Log,
	Doc: "by source ports, the lost requests were on connections idle for one time, or a band of times, beyond which no connection was answered; they failed sooner than answers come",
	Run: idleRaceByPorts,
}

// shortestRebuilt is the shortest limit of idle age or age that whole seconds can show: an age at it and one of nearly nothing still differ
// when each is wrong by a second.
const shortestRebuilt = 3 * time.Second

// idleRaceByPorts looks for the same in Azure's log, where reuse and idle age are rebuilt from source ports to the second.
// That shows where the failures lie, and not the sum that would prove it: rivals remain.
func idleRaceByPorts(c *inference.Case) {
	keys, groups := lostOnUsed(c)
	limits := map[traffic.PoolKey]time.Duration{}
	for _, k := range keys {
		soon := soonLost(c, k, groups[k])
		if len(soon) > 0 && !idleLimitByPorts(c, k, soon, limits) {
			idleBandByPorts(c, k, soon)
		}
	}
}

// idleLimitByPorts claims the lost requests of a member with one idle limit. limits are those of the members of each pool so far.
func idleLimitByPorts(c *inference.Case, k traffic.MemberKey, events []*traffic.Event, limits map[traffic.PoolKey]time.Duration) bool {
	limit, in, out := traffic.ClusterWithin(events, func(e *traffic.Event) time.Duration { return e.Attempt.Idle },
		func(time.Duration) time.Duration { return longestSpread })
	if len(in) < stats.MinEvents || limit < shortestRebuilt || 2*len(out) > len(in) {
		return false
	}
	idle := limitOf(c, k, in, events, traffic.OfIdle, portSlack)
	if !idle.holds() {
		return false
	}
	uses, age := limitOf(c, k, in, events, traffic.OfUses, 0), limitOf(c, k, in, events, traffic.OfAge, portSlack)
	if uses.holds() && uses.low == uses.high && uses.low > 1 {
		suspectLimits(c, k, in)
		return true
	}
	scope := report.Scope{Pool: in[0].Pool, Settings: k.Settings, Member: k.Member}
	alike := limits[in[0].PoolKey()] // members of one software have one limit, which needs one fact
	f := claimAlike(c, "c-idle-race", in, scope, alike > 0 && (limit-alike).Abs() <= time.Second)
	limits[in[0].PoolKey()] = limit
	f.AddEvidence("access-log",
		fmt.Sprintf("%d requests were lost on connections of %s that had been idle for %s to %s (%s, to the second); %d were answered on connections idle for less, %d on ones idle for longer",
			len(in), k.Member, units.Seconds(time.Duration(idle.low)), units.Seconds(time.Duration(idle.high)), byPorts(in), idle.below,
			idle.beyond), in...)
	if len(f.RuledOut) == 0 {
		f.AddEvidence("access-log",
			fmt.Sprintf("they failed within %s, sooner than answers come", units.Seconds(c.Traffic.Member(k).FastFor())))
		if likely := lookalike(limit, limit, 0); likely != "" {
			f.AddEvidence("access-log", "the idle limit is about "+units.Seconds(limit)+likely)
		}
		f.RuleOut("g-crash-on-input", "they failed sooner than a handler starts")
		f.RuleOut("c-restart", fmt.Sprintf("they lie at %d different moments", idle.n))
		uses.weighUses(f)
		age.weighAge(f)
	}
	f.AddRivals("b-stateful-idle-rst")
	limitByPortsFixes(c, k, limit, f)
	return true
}

// limitByPortsFixes fills in limits below and above one that is known to the second.
func limitByPortsFixes(c *inference.Case, k traffic.MemberKey, limit time.Duration, f *inference.Finding) {
	f.SetExpected("backend", 0, f.Failures+f.Recovered, "bounded", "all of them, if it is the member's own limit")
	target := max(aboveGateways, (5*limit + time.Second - 1).Truncate(time.Second)) // nobody sets a limit to the millisecond
	c.Expand(map[string]string{
		"address": k.Server.String(), "idle": "a time that Azure does not document (most gateways: a minute)", "backendIdle": "about " +
			units.Seconds(limit), "newIdle": units.GoDuration((limit - 2*time.Second).Truncate(time.Second)),
		"backendTarget": units.Seconds(target), "backendTargetMs": fmt.Sprint(target.Milliseconds()),
	}, f)
}

// aboveGateways is above the time for which most gateways keep idle connections to their backends, a minute.
const aboveGateways = 75 * time.Second

// claimAlike adds to a finding of other members, or begins one.
func claimAlike(c *inference.Case, id string, events []*traffic.Event, scope report.Scope, alike bool) *inference.Finding {
	if alike {
		return c.ClaimMore(id, events, scope, report.Medium)
	}
	return c.Claim(id, events, scope, report.Medium)
}
