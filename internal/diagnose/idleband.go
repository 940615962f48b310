package diagnose

import (
	"fmt"
	"time"

	"causeway/internal/accesslog"
)

// idleBand is a band of idle ages in place of one limit.
//
// Many servers have no timer for each connection. They look through all of them every so often, and close those that have been unused
// for the limit L by then: with T between two sweeps, each connection ends at an age between L and L+T, and chance says where. Requests
// are lost all over that band, and others within it are answered, on connections whose sweep was still to come. Below L nothing is
// lost, beyond L+T nothing is answered. A sweep that comes at least as often as the limit passes keeps the band within 2L.
type idleBand struct {
	k      memberKey
	m      *memberTally
	events []*event

	low, high time.Duration // ages at which connections ended
	slack     time.Duration // by how much the band may be wider than what so few ends show of it
	window    time.Duration // the longest that a request was under way when its connection ended

	below, inside, beyond int     // answers on connections that had been idle for less, for as long, and for longer
	early, stale          int     // connections found closed below the band, and from it on
	chance                float64 // that failures which do not depend on the idle age all lie in the band
}

// bandOf is the band of the ends of connections, closed being the age at which each ended. ok is false where the evidence does not
// show one.
func (q *inquiry) bandOf(k memberKey, events []*event, closed func(*event) time.Duration) (b idleBand, ok bool) {
	if len(events) < minEvents {
		return b, false
	}
	_, in, out := clusterWithin(events, closed, func(low time.Duration) time.Duration { return low + tolerance(low) })
	if len(in) < minEvents || distinctSeconds(in) < minEvents || 10*len(out) > len(in) {
		return b, false
	}
	b = idleBand{k: k, m: q.member(k), events: in}
	ages := sortedDurations(in, closed)
	b.low, b.high = ages[0], ages[len(ages)-1]
	b.slack = 2 * (b.high - b.low) / time.Duration(len(in))
	if 4*middleHalf(ages) < b.high-b.low || b.high-b.low <= tolerance(b.high) {
		return b, false // one age with strays, or one age
	}
	b.measure()
	if b.inside+b.stale < len(in) { // of those picked at such ages, the mechanism loses the fewest
		return b, false
	}
	return b, 10*b.beyond <= len(in) && b.below >= enoughAnswers && 10*b.early <= len(in)+b.stale && b.chance < significance/10 && q.answersThese(in)
}

// measure counts what else happened on the member's connections.
func (b *idleBand) measure() {
	for _, e := range b.events {
		b.window = max(b.window, lasted(e))
	}
	for _, g := range b.m.gaps.list {
		n := b.m.gaps.weight(g)
		switch {
		case g.how == stale && g.idle < b.low-b.slack:
			b.early++
		case g.how == stale:
			b.stale++
		case g.how != answered:
		case g.idle < b.low-b.slack:
			b.below += n
		case g.idle <= b.high+b.slack:
			b.inside += n
		default:
			b.beyond += n
		}
	}
	share := float64(b.inside+len(b.events)) / float64(max(1, b.below+b.inside+b.beyond+len(b.events)))
	b.chance = binomialTail(distinctSeconds(b.events), distinctSeconds(b.events), share)
}

// answersThese reports whether requests of such kinds are answered as well: what fails by itself is the request's doing, whatever its
// connection.
func (q *inquiry) answersThese(events []*event) bool {
	n := 0
	for _, e := range events {
		if r := q.route(e.route()); r.answered > r.broken {
			n++
		}
	}
	return 2*n > len(events)
}

// idleBandOf claims the lost requests of a member whose idle limit is a band, on Causeway's own trace.
func (q *inquiry) idleBandOf(k memberKey, events []*event) bool {
	fast := q.member(k).fastFor()
	soon := filtered(events, func(e *event) bool { return lasted(e) <= fast })
	b, ok := q.bandOf(k, soon, closedAt)
	if !ok || !mostly(soon, events) {
		return false
	}
	confidence := Medium
	if b.stale >= minEvents && b.early == 0 && len(b.paths()) > 1 {
		confidence = High
	}
	f := q.claim("c-idle-race", b.events, b.scope(), confidence)
	b.says(f, "")
	f.says("access-log", b.announced())
	f.says("access-log", fmt.Sprintf("they failed within %s, sooner than a handler starts: this is the way of the connection's end", seconds(b.window)))
	f.says("configuration", fmt.Sprintf("the gateway reuses backend connections that have been idle for up to %s", seconds(q.gatewayIdle())))
	b.rivals(f)
	q.bandFixes(&b, f)
	return true
}

func (b *idleBand) scope() Scope {
	return Scope{Pool: b.events[0].pool, Settings: b.k.settings, Member: b.k.member}
}

// paths are the kinds of request that were lost.
func (b *idleBand) paths() []routeKey {
	keys, _ := groupBy(b.events, (*event).route)
	return keys
}

// says tells the band, with the answers below, within and beyond it.
func (b *idleBand) says(f *finding, how string) {
	found := ""
	if b.stale > 0 {
		found = fmt.Sprintf("; %d more connections of that age were found closed before use", b.stale)
	}
	f.says("access-log", fmt.Sprintf("%d requests were lost on connections of %s that ended at idle ages from %s to %s%s, and none at less. On connections idle for less %d were answered, in that band %d, beyond it %d%s",
		len(b.events), b.k.member, seconds(b.low), seconds(b.high), how, b.below, b.inside, b.beyond, found), b.events...)
	f.says("access-log", fmt.Sprintf("a server that looks for idle connections at intervals closes them like this: an interval of at least %s, and a limit of about %s", seconds(b.high-b.low), seconds(b.low)))
}

// announced compares the band with the limit that the server announces.
func (b *idleBand) announced() string {
	text := "the member announces no idle limit"
	if b.m.hint != accesslog.Unset {
		text = "announced idle limit (Keep-Alive: timeout): " + seconds(b.m.hint)
	}
	return text + "; observed: " + b.text() + lookalike(b.low, b.high, b.m.hint)
}

func (b *idleBand) text() string { return seconds(b.low) + " to " + seconds(b.high) }

func (b *idleBand) rivals(f *finding) {
	f.excludes("c-restart", fmt.Sprintf("the failures lie at %d different moments, and none was on a connection idle for less than %s", distinctSeconds(b.events), seconds(b.low)))
	if len(b.paths()) > 1 {
		f.excludes("g-crash-on-input", fmt.Sprintf("%d kinds of request were lost, which are answered on connections idle for less", len(b.paths())))
	} else {
		f.leaves("g-crash-on-input")
	}
	f.leaves("b-stateful-idle-rst", "c-l4-between")
}

// bandFixes fills in limits below and above the band.
func (q *inquiry) bandFixes(b *idleBand, f *finding) {
	newIdle := max((b.low - b.slack - tolerance(b.low)).Truncate(100*time.Millisecond), 100*time.Millisecond)
	if newIdle > 5*time.Second {
		newIdle = newIdle.Truncate(time.Second)
	}
	f.expect("gateway", len(b.events), len(b.events), "exact", fmt.Sprintf("replayed on this evidence: each of them was on a connection idle for more than %s", seconds(newIdle)))
	f.expect("backend", len(b.events), len(b.events), "exact", "with a limit above the gateway's, the gateway is the one that ends idle connections")
	target := q.gatewayIdle() + 5*time.Second
	q.fill(map[string]string{
		"address": b.k.server.String(), "idle": seconds(q.gatewayIdle()), "backendIdle": b.text(), "newIdle": goDuration(newIdle),
		"backendTarget": seconds(target), "backendTargetMs": fmt.Sprint(target.Milliseconds()),
	}, f)
}

// idleBandByPorts looks for a band in Azure's log, where idle ages are rebuilt from source ports to the second.
func (q *inquiry) idleBandByPorts(k memberKey, events []*event) {
	b, ok := q.bandOf(k, events, func(e *event) time.Duration { return e.attempt.Idle })
	if !ok || b.low < shortestRebuilt {
		return
	}
	f := q.claim("c-idle-race", b.events, b.scope(), Medium)
	b.says(f, " (rebuilt from source ports, to the second)")
	if likely := lookalike(b.low, b.high, 0); likely != "" {
		f.says("access-log", "the idle limit is about "+b.text()+likely)
	}
	b.rivals(f)
	f.leaves("c-keepalive-max-requests", "c-max-age")
	f.expect("backend", 0, f.Failures+f.Recovered, "bounded", "all of them, if it is the member's own limit")
	target := max(aboveGateways, (2*b.high + time.Second - 1).Truncate(time.Second))
	q.fill(map[string]string{
		"address": k.server.String(), "idle": "a time that Azure does not document (most gateways: a minute)", "backendIdle": "about " + b.text(), "newIdle": goDuration((b.low - 2*time.Second).Truncate(time.Second)),
		"backendTarget": seconds(target), "backendTargetMs": fmt.Sprint(target.Milliseconds()),
	}, f)
}
