package diagnose

import (
	"fmt"
	"math"
	"slices"
	"time"

	"causeway/internal/accesslog"
)

var idleRaces = hypothesis{
	cause: "c-idle-race", needs: theTrace,
	test: "idle age and latency of the lost requests add up to one limit, or to a band that one tick of the server's timer makes, beyond which no connection was answered",
	look: idleRace,
}

// idleRace: the member ends idle connections at a limit T, and the gateway picks one within the last round trip before.
//
// The mechanism leaves a signature in every single failure. The end of the connection leaves the server when T has
// passed there, and reaches the gateway when the connection has been idle for exactly T as the gateway counts it —
// whenever the doomed request was sent. So the idle age at which a connection was picked and the time until it broke add
// up to the same T in each failure, while each of the two varies by a round trip. Nothing else does that: a restart ends
// connections at one moment and not at one age, a crash follows the request, a limit on uses or age clusters elsewhere.
func idleRace(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.own && e.closedUnanswered() && e.attempt.Reused }), (*event).key)
	for _, k := range keys {
		q.idleRaceOf(k, groups[k])
	}
}

func (q *inquiry) idleRaceOf(k memberKey, events []*event) {
	m := q.members[k]
	limit, cluster, rest := clusterOf(events, closedAt)
	if !mostly(cluster, events) && q.idleBandOf(k, events) {
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
		q.suspect(cluster, fmt.Sprintf("the connections ended after about %s without a request, but others like them were answered, or that is simply how often requests come: read the log of %s at those times",
			seconds(limit), k.member), "c-idle-race", "g-crash-on-input", "c-restart", "g-worker-recycle")
		return
	case len(cluster) < minEvents:
		q.suspect(cluster, fmt.Sprintf("collect more traffic: %d failures fit an idle limit of %s on %s, five are needed for a verdict", len(cluster), seconds(limit), k.member),
			"c-idle-race", "c-restart", "g-crash-on-input")
		return
	}
	confidence := High
	if len(rest) > len(cluster) || r.usesCluster() || 2*r.answeredInside > len(cluster) {
		confidence = Medium
	}
	q.reportRace(&r, rest, confidence)
}

// race is what the failures on one member say together.
type race struct {
	k      memberKey
	m      *memberTally
	limit  time.Duration // T
	events []*event

	window         time.Duration // the widest distance before T at which a request was lost: about a round trip
	spread         time.Duration // of idle age + latency
	answeredBeyond int           // answers on connections that had been idle for longer than T
	answeredInside int           // answers within the window
	staleBeyond    int           // connections found closed, at ages above T - window
	predicted      float64       // failures that the gaps of the connections predict
}

// closedAt is the idle age at which the connection's end reached the gateway.
func closedAt(e *event) time.Duration { return e.attempt.Idle + e.attempt.Total }

// tolerance is how far apart the ends may lie and still be one limit: timers of servers tick in milliseconds and fire
// late when their loop is busy, so a small part of the limit itself.
func tolerance(limit time.Duration) time.Duration { return max(20*time.Millisecond, limit/20) }

// measure compares the failures with everything else that happened on the member's connections.
func (r *race) measure() {
	ages := sortedDurations(r.events, closedAt)
	r.spread = ages[len(ages)-1] - ages[0]
	for _, e := range r.events {
		r.window = max(r.window, r.limit-e.attempt.Idle)
	}
	r.window = max(r.window, time.Millisecond)
	low := r.limit - r.window
	for _, g := range r.m.gaps.list {
		n := r.m.gaps.weight(g)
		switch {
		case g.how == answered && g.idle > r.limit:
			r.answeredBeyond += n
		case g.how == answered && g.idle > low:
			r.answeredInside += n
		case g.how == stale && g.idle > low:
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
	for _, g := range r.m.gaps.list {
		n := r.m.gaps.weight(g)
		switch {
		case g.idle > r.limit-r.window-side && g.idle <= r.limit-r.window:
			below += n
		case g.idle > r.limit && g.idle <= r.limit+side:
			above += n
		}
	}
	return below, above
}

// signed reports whether the failures bear the mark of a limit, and not only that of traffic that comes at about that
// pace: idle age and latency add up more exactly than either is by itself, or idle connections were found closed at such
// ages, or the limit is the one that the member announces.
func (r *race) signed() bool {
	idle := sortedDurations(r.events, func(e *event) time.Duration { return e.attempt.Idle })
	sum := sortedDurations(r.events, closedAt)
	if 2*middleHalf(sum) <= middleHalf(idle) {
		return true
	}
	hint := r.m.hint
	return r.staleBeyond > 0 || hint > 0 && ((r.limit-hint).Abs() <= tolerance(r.limit) || (r.limit-hint-time.Second).Abs() <= tolerance(r.limit))
}

// middleHalf is how far apart the values are, but for the quarters at either end.
func middleHalf(sorted []time.Duration) time.Duration {
	return sorted[len(sorted)*3/4] - sorted[len(sorted)/4]
}

// oneMoment reports whether the failures lie in one or two seconds of a longer window: an event, not an age.
func (r *race) oneMoment() bool {
	distinct := map[int64]bool{}
	for _, e := range r.events {
		distinct[e.at.Unix()] = true
	}
	return len(distinct) < 2 || len(r.events) >= 2*minEvents && len(distinct) < 3
}

// usesCluster reports whether the number of requests on the connections is as constant as their idle age: then a limit
// on uses explains the failures as well.
func (r *race) usesCluster() bool {
	first := r.events[0].attempt.Uses
	for _, e := range r.events {
		if e.attempt.Uses != first {
			return false
		}
	}
	return len(r.events) >= minEvents && first > 1
}

func (q *inquiry) reportRace(r *race, rest []*event, confidence string) {
	f := q.claim("c-idle-race", r.events, Scope{Pool: r.events[0].pool, Settings: r.k.settings, Member: r.k.member}, confidence)
	idle := sortedDurations(r.events, func(e *event) time.Duration { return e.attempt.Idle })
	took := sortedDurations(r.events, func(e *event) time.Duration { return e.attempt.Total })
	f.says("access-log", fmt.Sprintf("%d requests were lost on connections of %s that had been idle for %s to %s; each connection ended at an idle age of %s (within %s), before any byte of an answer",
		len(r.events), r.k.member, seconds(idle[0]), seconds(idle[len(idle)-1]), seconds(r.limit), seconds(r.spread)), r.events...)
	f.says("access-log", r.announced())
	f.says("access-log", fmt.Sprintf("they failed within %s (median %s), long before an answer was due: this is the way of the connection's end, not the time of a handler",
		seconds(took[len(took)-1]), seconds(quantile(took, 0.5))))
	f.says("access-log", fmt.Sprintf("connections idle for longer than that: %d answered, %d found closed before use. Within the last %s before it: %d answered, %d lost",
		r.answeredBeyond, r.staleBeyond, seconds(r.window), r.answeredInside, len(r.events)))
	f.says("access-log", fmt.Sprintf("the gaps between requests on each connection predict about %.0f such failures of %d attempts (%s); there were %d (%s)",
		math.Max(r.predicted, 0), r.m.attempts, percent(int(math.Round(r.predicted)), r.m.attempts), len(r.events), percent(len(r.events), r.m.attempts)))
	f.says("configuration", fmt.Sprintf("the gateway reuses backend connections that have been idle for up to %s", seconds(q.gatewayIdle())))
	r.rivals(f, rest)
	q.raceFixes(r, f)
}

// announced compares the limit that the server announces with the one that it keeps.
func (r *race) announced() string {
	if r.m.hint == accesslog.Unset {
		return fmt.Sprintf("the member announces no idle limit; observed: %s%s", seconds(r.limit), lookalike(r.limit, r.limit, r.m.hint))
	}
	return fmt.Sprintf("announced idle limit (Keep-Alive: timeout): %s; observed: %s%s", seconds(r.m.hint), seconds(r.limit), lookalike(r.limit, r.limit, r.m.hint))
}

func (r *race) rivals(f *finding, rest []*event) {
	distinct := map[int64]bool{}
	for _, e := range r.events {
		distinct[e.at.Unix()] = true
	}
	f.excludes("c-restart", fmt.Sprintf("the failures lie in %d different seconds, and no new connection was refused at those times", len(distinct)))
	f.excludes("g-crash-on-input", "the connections ended at one idle age, whatever the request was")
	if r.usesCluster() {
		f.leaves("c-keepalive-max-requests")
	} else {
		uses := map[int]bool{}
		for _, e := range r.events {
			uses[e.attempt.Uses] = true
		}
		f.excludes("c-keepalive-max-requests", fmt.Sprintf("the connections had carried %d different numbers of requests", len(uses)))
	}
	ages := sortedDurations(r.events, func(e *event) time.Duration { return e.attempt.Age + e.attempt.Total })
	if spread := ages[len(ages)-1] - ages[0]; spread > 2*tolerance(ages[0]) {
		f.excludes("c-max-age", fmt.Sprintf("the connections were between %s and %s old", seconds(ages[0]), seconds(ages[len(ages)-1])))
	} else {
		f.leaves("c-max-age")
	}
}

// raceFixes fills in the values, and replays the gateway's own fix on the failures.
func (q *inquiry) raceFixes(r *race, f *finding) {
	newIdle := saferIdle(r)
	removed := 0
	for _, e := range r.events {
		if e.attempt.Idle >= newIdle {
			removed++
		}
	}
	fresh := 0
	for _, g := range r.m.gaps.list {
		if g.how == answered && g.idle >= newIdle {
			fresh += r.m.gaps.weight(g)
		}
	}
	f.expect("gateway", removed, removed, "exact", fmt.Sprintf(
		"replayed on this evidence: each of them was on a connection idle for %s or more; %d requests that went well would have made a new connection instead", seconds(newIdle), fresh))
	f.expect("backend", len(r.events), len(r.events), "exact", "with a limit above the gateway's, the gateway is the one that ends idle connections")
	target := q.gatewayIdle() + 5*time.Second
	q.fill(map[string]string{
		"address": r.k.server.String(), "idle": seconds(q.gatewayIdle()), "backendIdle": seconds(r.limit), "newIdle": goDuration(newIdle),
		"backendTarget": seconds(target), "backendTargetMs": fmt.Sprint(target.Milliseconds()),
	}, f)
}

// saferIdle is an idle limit for the gateway that keeps clear of the member's by the window and as much again, rounded
// down to something that one would write.
func saferIdle(r *race) time.Duration {
	low := slices.Min(sortedDurations(r.events, func(e *event) time.Duration { return e.attempt.Idle }))
	safe := min(low, r.limit-2*r.window-tolerance(r.limit))
	step := 100 * time.Millisecond
	if safe > 5*time.Second {
		step = time.Second
	}
	return max(safe.Truncate(step), step)
}

// gatewayIdle is the idle limit of the gateway's own pool.
func (q *inquiry) gatewayIdle() time.Duration {
	if q.local != nil && q.local.BackendIdleTimeout > 0 {
		return q.local.BackendIdleTimeout
	}
	return 60 * time.Second
}

var rebuiltRaces = hypothesis{
	cause: "c-idle-race", needs: theLog,
	test: "by source ports, the lost requests were on connections idle for one time, or a band of times, beyond which no connection was answered; they failed sooner than answers come",
	look: idleRaceByPorts,
}

// shortestRebuilt is the shortest idle limit that whole seconds can show.
const shortestRebuilt = 4 * time.Second

// idleRaceByPorts looks for the same in Azure's log, where reuse and idle age are rebuilt from source ports to the second.
// That shows where the failures lie, and not the sum that would prove it: rivals remain.
func idleRaceByPorts(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool {
		return closedSomehow(e) && !e.unsaid && e.attempt.Reused && lasted(e) <= q.member(e.key()).fastFor()
	}), (*event).key)
	limits := map[poolKey]time.Duration{}
	for _, k := range keys {
		limit, in, out := clusterWithin(groups[k], func(e *event) time.Duration { return e.attempt.Idle }, func(time.Duration) time.Duration { return 2 * time.Second })
		m := q.member(k)
		below, beyond := 0, 0
		for _, g := range m.gaps.list {
			switch {
			case g.how == answered && g.idle > limit+2*time.Second:
				beyond += m.gaps.weight(g)
			case g.how == answered && g.idle < limit:
				below += m.gaps.weight(g)
			}
		}
		if len(in) < minEvents || limit < shortestRebuilt || 2*len(out) > len(in) || below < enoughAnswers || 10*beyond > len(in) || independent(in) < minEvents {
			q.idleBandByPorts(k, groups[k])
			continue
		}
		scope := Scope{Pool: in[0].pool, Settings: k.settings, Member: k.member}
		alike := limits[in[0].poolKey()] // members of one software have one limit, and that is told once
		f := q.claimAlike("c-idle-race", in, scope, alike > 0 && (limit-alike).Abs() <= time.Second)
		limits[in[0].poolKey()] = limit
		idle := sortedDurations(in, func(e *event) time.Duration { return e.attempt.Idle })
		f.says("access-log", fmt.Sprintf("%d requests were lost on connections of %s that had been idle for %s to %s (rebuilt from source ports, to the second); %d were answered on connections idle for less, %d on ones idle for longer",
			len(in), k.member, seconds(idle[0]), seconds(idle[len(idle)-1]), below, beyond), in...)
		if len(f.RuledOut) == 0 {
			f.says("access-log", fmt.Sprintf("they failed within %s, sooner than answers come", seconds(m.fastFor())))
			if likely := lookalike(limit, limit, 0); likely != "" {
				f.says("access-log", "the idle limit is about "+seconds(limit)+likely)
			}
			f.excludes("g-crash-on-input", "they failed sooner than a handler starts")
			f.excludes("c-restart", fmt.Sprintf("they lie at %d different moments", independent(in)))
		}
		f.leaves("b-stateful-idle-rst", "c-keepalive-max-requests", "c-max-age")
		f.expect("backend", 0, f.Failures+f.Recovered, "bounded", "all of them, if it is the member's own limit")
		target := max(aboveGateways, (5*limit + time.Second - 1).Truncate(time.Second)) // nobody sets a limit to the millisecond
		q.fill(map[string]string{
			"address": k.server.String(), "idle": "a time that Azure does not document (most gateways: a minute)", "backendIdle": "about " + seconds(limit), "newIdle": goDuration((limit - 2*time.Second).Truncate(time.Second)),
			"backendTarget": seconds(target), "backendTargetMs": fmt.Sprint(target.Milliseconds()),
		}, f)
	}
}

// aboveGateways is above the time for which most gateways keep idle connections to their backends, a minute.
const aboveGateways = 75 * time.Second

// claimAlike adds to a finding of other members, or begins one.
func (q *inquiry) claimAlike(id string, events []*event, scope Scope, alike bool) *finding {
	if alike {
		return q.claimMore(id, events, scope, Medium)
	}
	return q.claim(id, events, scope, Medium)
}

func goDuration(d time.Duration) string { return d.String() }
