package connections

import (
	"fmt"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// idleBand is a band of idle ages in place of one limit.
//
// Many servers have no timer for each connection. They look through all of them every so often, and close those that have been unused
// for the limit L by then: with T between two sweeps, each connection ends at an age between L and L+T, and chance says where. Requests
// are lost all over that band, and others within it are answered, on connections whose sweep was still to come. Below L nothing is
// lost, beyond L+T nothing is answered. A sweep that comes at least as often as the limit passes keeps the band within 2L.
type idleBand struct {
	k      traffic.MemberKey
	m      *traffic.MemberStats
	events []*traffic.Event

	low, high time.Duration // ages at which connections ended
	slack     time.Duration // by how much the band may be wider than what so few ends show of it
	window    time.Duration // the longest that a request was under way when its connection ended

	below, inside, beyond int     // answers on connections that had been idle for less, for as long, and for longer
	early, stale          int     // connections found closed below the band, and from it on
	chance                float64 // that failures which do not depend on the idle age all lie in the band
}

// bandOf is the band of the ends of connections, closed being the age at which each ended. ok is false where the evidence does not
// show one.
func bandOf(c *inference.Case, k traffic.MemberKey, events []*traffic.Event, closed func(*traffic.Event) time.Duration) (b idleBand,
	ok bool,
) {
	if len(events) < stats.MinEvents {
		return b, false
	}
	_, in, out := traffic.ClusterWithin(events, closed, func(low time.Duration) time.Duration { return low + traffic.Tolerance(low) })
	if len(in) < stats.MinEvents || inference.DistinctSeconds(in) < stats.MinEvents || 10*len(out) > len(in) {
		return b, false
	}
	b = idleBand{k: k, m: c.Traffic.Member(k), events: in}
	ages := traffic.SortedDurations(in, closed)
	b.low, b.high = ages[0], ages[len(ages)-1]
	b.slack = 2 * (b.high - b.low) / time.Duration(len(in))
	if 4*middleHalf(ages) < b.high-b.low || b.high-b.low <= traffic.Tolerance(b.high) {
		return b, false // one age with strays, or one age
	}
	b.measure()
	if b.inside+b.stale < len(in) { // of those picked at such ages, the mechanism loses the fewest
		return b, false
	}
	return b, 10*b.beyond <= len(in) && b.below >= traffic.EnoughAnswers && 10*b.early <= len(in)+b.stale &&
		b.chance < stats.Significance/10 && c.AnswersRoutesOf(in)
}

// measure counts what else happened on the member's connections.
func (b *idleBand) measure() {
	for _, e := range b.events {
		b.window = max(b.window, traffic.Lasted(e))
	}
	for _, g := range b.m.Gaps.List {
		n := b.m.Gaps.Weight(g)
		switch {
		case g.How == traffic.Stale && g.Idle < b.low-b.slack:
			b.early++
		case g.How == traffic.Stale:
			b.stale++
		case g.How != traffic.Answered:
		case g.Idle < b.low-b.slack:
			b.below += n
		case g.Idle <= b.high+b.slack:
			b.inside += n
		default:
			b.beyond += n
		}
	}
	share := float64(b.inside+len(b.events)) / float64(max(1, b.below+b.inside+b.beyond+len(b.events)))
	b.chance = stats.BinomialTail(inference.DistinctSeconds(b.events), inference.DistinctSeconds(b.events), share)
}

// idleBandOf claims the lost requests of a member whose idle limit is a band, on Causeway's own trace.
func idleBandOf(c *inference.Case, k traffic.MemberKey, events []*traffic.Event) bool {
	fast := c.Traffic.Member(k).FastFor()
	soon := traffic.Filter(events, func(e *traffic.Event) bool { return traffic.Lasted(e) <= fast })
	b, ok := bandOf(c, k, soon, ClosedAt)
	if !ok || !traffic.Mostly(soon, events) {
		return false
	}
	confidence := report.Medium
	if b.stale >= stats.MinEvents && b.early == 0 && len(b.paths()) > 1 {
		confidence = report.High
	}
	f := c.Claim("c-idle-race", b.events, b.scope(), confidence)
	b.says(f, "")
	f.AddEvidence("access-log", b.announced())
	f.AddEvidence("access-log", fmt.Sprintf("they failed within %s, sooner than a handler starts: that is how long a close takes to arrive",
		units.Seconds(b.window)))
	f.AddEvidence("configuration", fmt.Sprintf("the gateway reuses backend connections that have been idle for up to %s",
		units.Seconds(GatewayIdle(c))))
	b.rivals(f)
	bandFixes(c, &b, f)
	return true
}

func (b *idleBand) scope() report.Scope {
	return report.Scope{Pool: b.events[0].Pool, Settings: b.k.Settings, Member: b.k.Member}
}

// paths are the routes of the lost requests.
func (b *idleBand) paths() []traffic.RouteKey {
	keys, _ := traffic.GroupBy(b.events, (*traffic.Event).Route)
	return keys
}

// says tells the band, with the answers below, within and beyond it.
func (b *idleBand) says(f *inference.Finding, how string) {
	found := ""
	if b.stale > 0 {
		found = fmt.Sprintf("; %d more connections of that age were found closed before use", b.stale)
	}
	f.AddEvidence("access-log",
		fmt.Sprintf("%d requests were lost on connections of %s that ended at idle ages from %s to %s%s, and none at less. On connections idle for less %d were answered, in that band %d, beyond it %d%s",
			len(b.events), b.k.Member, units.Seconds(b.low), units.Seconds(b.high), how, b.below, b.inside, b.beyond, found), b.events...)
	f.AddEvidence("access-log",
		fmt.Sprintf("a server that looks for idle connections at intervals closes them like this: an interval of at least %s, and a limit of about %s", units.Seconds(b.high-b.low), units.Seconds(b.low)))
}

// announced compares the band with the limit that the server announces.
func (b *idleBand) announced() string {
	text := "the member announces no idle limit"
	if b.m.Hint != accesslog.Unset {
		text = "announced idle limit (Keep-Alive: timeout): " + units.Seconds(b.m.Hint)
	}
	return text + "; observed: " + b.text() + lookalike(b.low, b.high, b.m.Hint)
}

func (b *idleBand) text() string { return units.Seconds(b.low) + " to " + units.Seconds(b.high) }

func (b *idleBand) rivals(f *inference.Finding) {
	f.RuleOut("c-restart", fmt.Sprintf("the failures lie at %d different moments, and none was on a connection idle for less than %s",
		inference.DistinctSeconds(b.events), units.Seconds(b.low)))
	if len(b.paths()) > 1 {
		f.RuleOut("g-crash-on-input",
			fmt.Sprintf("requests on %d routes were lost, and the member answers these routes on connections idle for less",
				len(b.paths())))
	} else {
		f.AddRivals("g-crash-on-input")
	}
	f.AddRivals("b-stateful-idle-rst", "c-l4-between")
}

// bandFixes fills in limits below and above the band.
func bandFixes(c *inference.Case, b *idleBand, f *inference.Finding) {
	newIdle := max((b.low - b.slack - traffic.Tolerance(b.low)).Truncate(100*time.Millisecond), 100*time.Millisecond)
	if newIdle > 5*time.Second {
		newIdle = newIdle.Truncate(time.Second)
	}
	f.SetExpected("gateway", len(b.events), len(b.events), "exact",
		fmt.Sprintf("replayed on this evidence: each of them was on a connection idle for more than %s", units.Seconds(newIdle)))
	f.SetExpected("backend", len(b.events), len(b.events), "exact",
		"with a limit above the gateway's, the gateway is the one that ends idle connections")
	target := GatewayIdle(c) + 5*time.Second
	c.Expand(map[string]string{
		"address": b.k.Server.String(), "idle": units.Seconds(GatewayIdle(c)), "backendIdle": b.text(),
		"newIdle":       units.GoDuration(newIdle),
		"backendTarget": units.Seconds(target), "backendTargetMs": fmt.Sprint(target.Milliseconds()),
	}, f)
}

// idleBandByPorts looks for a band in Azure's log, where idle ages are rebuilt from source ports to the second.
func idleBandByPorts(c *inference.Case, k traffic.MemberKey, events []*traffic.Event) {
	b, ok := bandOf(c, k, events, func(e *traffic.Event) time.Duration { return e.Attempt.Idle })
	if !ok || b.low < shortestRebuilt {
		return
	}
	f := c.Claim("c-idle-race", b.events, b.scope(), report.Medium)
	b.says(f, " (rebuilt from source ports, to the second)")
	if likely := lookalike(b.low, b.high, 0); likely != "" {
		f.AddEvidence("access-log", "the idle limit is about "+b.text()+likely)
	}
	b.rivals(f)
	f.AddRivals("c-keepalive-max-requests", "c-max-age")
	f.SetExpected("backend", 0, f.Failures+f.Recovered, "bounded", "all of them, if it is the member's own limit")
	target := max(aboveGateways, (2*b.high + time.Second - 1).Truncate(time.Second))
	c.Expand(map[string]string{
		"address": k.Server.String(), "idle": "a time that Azure does not document (most gateways: a minute)", "backendIdle": "about " +
			b.text(), "newIdle": units.GoDuration((b.low - 2*time.Second).Truncate(time.Second)),
		"backendTarget": units.Seconds(target), "backendTargetMs": fmt.Sprint(target.Milliseconds()),
	}, f)
}
