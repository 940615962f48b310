package connections

import (
	"fmt"
	"math"
	"slices"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// Restart recognises c-restart: the member was restarted under traffic.
var Restart = inference.Analyzer{
	Name: "c-restart", Requires: inference.Connects,
	Doc: "connections broke together or new ones were refused, the member answered nothing meanwhile, and then answered again on its own",
	Run: restart,
}

const (
	longestRestart = 5 * time.Minute
	manyRestarts   = 5 // of one member: more than that is another pattern
)

// restart: the process ended and came back. Connections broke together or new ones were refused, nobody was answered
// meanwhile, and the member answered again before the probes had taken it out.
func restart(c *inference.Case) {
	var order []traffic.MemberKey
	away := map[traffic.MemberKey][]inference.Outage{}
	c.MemberOutages(func(k traffic.MemberKey, m *traffic.MemberStats, o inference.Outage) {
		returned := returned(c, &o, m)
		o.Events = inference.TrimBefore(o.Events)
		if !returned || !likeARestart(&o, m) || evicted(c, o, o.Back) || neverSeen(&o, m) {
			return
		}
		if heldOpen(c, k, &o) {
			return
		}
		if away[k] == nil {
			order = append(order, k)
		}
		away[k] = append(away[k], o)
	})
	for _, k := range order {
		restarts(c, k, away[k])
	}
}

// returned reports whether the member answered again on its own, and notes when. One that is held back gets no requests: of it, its
// probes show it.
func returned(c *inference.Case, o *inference.Outage, m *traffic.MemberStats) (ok bool) {
	if o.Back, ok = m.Answers.After(o.Last()); ok || !inference.WasHeldBack(o.Events) {
		return ok
	}
	o.Back, o.Probed = c.UpByProbe(o.Events[0], o.Last())
	return o.Probed
}

// whom says who was answered.
func whom(o *inference.Outage) string {
	if o.Probed {
		return "a probe"
	}
	return "again"
}

// likeARestart reports whether a process that ends and comes back leaves such a run: everything to do with the member
// fails at once, refused by its host, for a while.
func likeARestart(o *inference.Outage, m *traffic.MemberStats) bool {
	if o.Refused == 0 || o.Silent > 0 || !refusedOnly(o.Events) || o.Last().Sub(o.Events[0].At) > longestRestart {
		return false
	}
	if o.Broken == 0 && o.Refused < 3 {
		return false
	}
	slack := 2*stats.BinWidth + o.Events[0].Resolution()
	from, to := o.Events[0].At.Add(slack), o.Last().Add(-slack)
	if o.Events[0].Resolution() > 0 && !to.After(from) { // the log does not show whether it answered meanwhile
		return false
	}
	return m.Answers.Between(from, to) == 0
}

// neverSeen reports whether Azure's log has no answer of the member before an outage: it may listen for the first time then.
func neverSeen(o *inference.Outage, m *traffic.MemberStats) bool {
	_, before := m.Answers.Before(o.From())
	return !o.Events[0].Own && !before
}

// heldOpen leaves an outage in Azure's log open that something else than a restart explains as well.
func heldOpen(c *inference.Case, k traffic.MemberKey, o *inference.Outage) bool {
	if o.Events[0].Own {
		return false
	}
	rules := c.RulesChanged(o.From().Add(-inference.Soon), o.Back)
	switch {
	case othersAway(c, k, o):
		c.Suspect(o.Events, "no other member answered at that time, and all came back: look whether their processes started then, and what else ended the way to all of them at once",
			"c-restart", "b-reject", "b-route", "c-deploy-no-drain")
	case rules != nil:
		c.Suspect(o.Events, fmt.Sprintf("rules of the network were changed at that time (%s of %s by %s, from %s to %s): look whether they refuse the gateway, and when the member's process started",
			rules.Operation, units.Dash(rules.Resource), inference.CallerOr(rules.Caller), units.Stamp(rules.At), units.Stamp(rules.Ended)),
			"b-reject", "b-route", "c-restart")
	case atOneInstance(c, o.Events):
		c.Suspect(o.Events, fmt.Sprintf("all of these were at instance %s of the gateway: look whether the others reached %s at that time, and when its process started",
			o.Events[0].Instance, k.Member), "b-node-local", "c-restart", "b-reject")
	case livedOn(c, k, o):
		c.Suspect(o.Events, k.Member+
			" answered afterwards what had come before, or on a connection from before, so its process had gone on: look at what refused new connections meanwhile, its listener (ss -ltn), its limit of connections, a firewall",
			"c-backend-conn-limit", "c-ignores-sigterm-listener-close", "b-reject", "c-accept-queue")
	default:
		return false
	}
	return true
}

// atOneInstance reports whether Azure's log has all failures of an outage at one instance of several, which its share of the requests does
// not explain.
func atOneInstance(c *inference.Case, events []*traffic.Event) bool {
	all := 0
	for _, cell := range c.Traffic.Instances {
		all += cell.Requests
	}
	here := c.Traffic.Instances[events[0].Instance]
	if here == nil || slices.ContainsFunc(events, func(e *traffic.Event) bool { return e.Instance != events[0].Instance }) {
		return false
	}
	return math.Pow(float64(here.Requests)/float64(all), float64(inference.DistinctSeconds(events))) < stats.Significance
}

// livedOn reports whether a member's process went on during an outage: it answered afterwards what had come before, or its first answers
// came on connections that had been there before, by source ports.
func livedOn(c *inference.Case, k traffic.MemberKey, o *inference.Outage) bool {
	m := c.Traffic.Member(k)
	if m.Long.Across(o.From(), o.Last()) {
		return true
	}
	first, ok := m.Answers.After(o.Last())
	return ok && m.Fresh.Between(first, first.Add(stats.BinWidth)) == 0
}

// othersAway reports whether the log has no answer of any other member of a pool of several, or of any other that was asked, during an
// outage. Each of them may have been restarted; or the way to all of them was closed, which the log does not tell apart.
func othersAway(c *inference.Case, k traffic.MemberKey, o *inference.Outage) bool {
	slack, others := stats.BinWidth+o.Events[0].Resolution(), 0
	from, to := o.Events[0].At.Add(slack), o.Last().Add(-slack)
	for other, m := range c.Traffic.Members {
		if other == k || m.Answered == 0 || c.NeighboursOf(other) != c.NeighboursOf(k) && m.Tried.Between(from, to) == 0 {
			continue
		}
		if others++; m.Answers.Between(from, to) > 0 {
			return false
		}
	}
	return others > 0
}

// absences are the times at which a member was away.
type absences struct {
	k               traffic.MemberKey
	runs            []inference.Outage
	events          []*traffic.Event
	broken, refused int
	poison          poisons
}

func restarts(c *inference.Case, k traffic.MemberKey, runs []inference.Outage) {
	a := absences{k: k, runs: runs, poison: poisons{}}
	for _, o := range runs {
		a.poison.see(c, o.Events)
		a.events = append(a.events, o.Events...)
		a.broken, a.refused = a.broken+o.Broken, a.refused+o.Refused
	}
	if len(runs) > manyRestarts {
		c.Suspect(a.events, fmt.Sprintf("%s was away %d times: look when its process started, and what ends it", k.Member, len(runs)),
			"c-restart", "g-crash-on-input", "g-oom-kill", "b-reject")
		return
	}
	if kind, ok := a.poisoned(); ok {
		suspectPoison(c, kind, a.events, "c-restart")
		return
	}
	confidence := report.Medium
	if a.broken > 0 && a.refused >= 2 && a.events[0].Resolution() == 0 { // whole seconds do not show whether it answered meanwhile
		confidence = report.High
	}
	f := c.Claim("c-restart", a.events, inference.ScopeOf(a.events), confidence)
	a.describe(c, f)
	f.RuleOut("b-refused", "the member came back on its own")
	f.RuleOut("c-idle-race", "new connections were refused: the whole process was away, not one connection")
	f.AddRivals("g-oom-kill", "g-crash-on-input")
	if !a.events[0].Own {
		moreRivalsByLog(f, a.broken)
	}
	f.SetExpected("backend", inference.CountVisible(a.events), len(a.events), "bounded",
		"a graceful stop loses none of them; those under way when the process ends depend on how long it waits")
	c.Expand(map[string]string{"address": k.Server.String()}, f)
}

// poisoned is a route that no member ever answered and that was at work each time. Azure's log may have one absence only: then nothing else
// may have been at work.
func (a *absences) poisoned() (kind traffic.RouteKey, ok bool) {
	if kind, ok = a.poison.inAll(len(a.runs)); ok || a.events[0].Own || len(a.runs) > 1 || len(a.poison) != 1 {
		return kind, ok
	}
	for k := range a.poison {
		kind = k
	}
	return kind, !slices.ContainsFunc(a.events, func(e *traffic.Event) bool { return inference.BrokeUnderRequest(e) && e.Route() != kind })
}

// describe adds when the member was away, and what was done to it then.
func (a *absences) describe(c *inference.Case, f *inference.Finding) {
	m, first, last := c.Traffic.Members[a.k], a.runs[0], a.runs[len(a.runs)-1]
	were := "new ones were refused"
	if !a.events[0].Own {
		were = "attempts ended at once without a connection (no serverConnectTime)"
	}
	f.AddEvidence("access-log",
		fmt.Sprintf("%s was away %s: %d connections broke under a request and %d %s, first at %s, last at %s; it answered nothing meanwhile, and answered %s at %s",
			a.k.Member, units.Count(len(a.runs), "time", "times"), a.broken, a.refused, were, units.Stamp(first.Events[0].At),
			units.Stamp(last.Last()), whom(&last), units.Stamp(last.Back)), a.events...)
	if x := c.RestartWithin(first.Events[0].At.Add(-inference.Soon), last.Back); x != nil {
		f.AddEvidence("activity-log", fmt.Sprintf("%s of %s by %s, from %s to %s", x.Operation, units.Dash(x.Resource),
			inference.CallerOr(x.Caller), units.Stamp(x.At), units.Stamp(x.Ended)))
	}
	// of one that was killed, the most were at work
	if promised := promised(c, a.events); len(promised) >= 3 && 2*len(promised) > a.broken {
		f.AddEvidence("access-log",
			fmt.Sprintf("%s broke within %s of an answer on the same connection that lacked Connection: close: as it stops, the member promises to keep connections, and closes them",
				fmt.Sprintf("%d of the lost requests", len(promised)), units.Seconds(m.RoundTrips())), promised...)
		f.AddOpenRivals("c-drain-promise")
	}
}

// moreRivalsByLog adds what refuses for a while too. Where no connection broke, those that the member had may have gone on.
func moreRivalsByLog(f *inference.Finding, broken int) {
	if broken == 0 {
		f.AddOpenRivals("c-ignores-sigterm-listener-close")
	}
	f.AddOpenRivals("d-worker-timeout-kill", "b-reject")
}

// promised are the events on connections that had answered a round trip or so before they ended: that answer did not announce the end,
// or the connection would not have been used again.
func promised(c *inference.Case, events []*traffic.Event) []*traffic.Event {
	return traffic.Filter(events, func(e *traffic.Event) bool {
		return e.Own && e.ClosedUnanswered() && e.Attempt.Reused && ClosedAt(e) <= c.Traffic.Member(e.Key()).RoundTrips()
	})
}

// refusedOnly reports whether every attempt to connect was answered by a refusal or a reset, as a host does whose
// process is away.
func refusedOnly(events []*traffic.Event) bool {
	for _, e := range events {
		if inference.ConnectFailed(e) && e.Fault.Kind != fault.Refused && e.Fault.Kind != fault.Reset {
			return false
		}
	}
	return true
}

// evicted reports whether the probes had taken the member out before it came back.
func evicted(c *inference.Case, o inference.Outage, back time.Time) bool {
	t := c.Traffic.HistoryOf(o.Events[0])
	if t == nil {
		return false
	}
	down, went := t.WentDown(o.From(), back)
	if !went {
		return false
	}
	return o.Last().Sub(down.At) < traffic.Quiet && back.Sub(down.At) > traffic.Quiet
}
