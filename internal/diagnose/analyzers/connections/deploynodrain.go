package connections

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/units"
)

// DeployNoDrain recognises c-deploy-no-drain: a roll-out stops members that are still at work.
var DeployNoDrain = inference.Analyzer{
	Name: "c-deploy-no-drain", Requires: inference.Connects,
	Doc: "several members are away and come back, one after another, within minutes: a roll-out that lets requests fail",
	Run: deployNoDrain,
}

// rollout is how far apart the restarts of one roll-out may begin.
const rollout = 15 * time.Minute

// deployNoDrain separates a roll-out from a single restart by its order.
func deployNoDrain(c *inference.Case) {
	type away struct {
		k traffic.MemberKey
		o inference.Outage
	}
	var groups []inference.Peers
	byEquals := map[inference.Peers][]away{}
	c.MemberOutages(func(k traffic.MemberKey, m *traffic.MemberStats, o inference.Outage) {
		returned := returned(c, &o, m)
		o.Events = inference.TrimBefore(o.Events)
		if returned && likeARestart(&o, m) && !evicted(c, o, o.Back) && (o.Events[0].Own || !livedOn(c, k, &o)) {
			at := c.NeighboursOf(k) // a roll-out goes through the members of one pool
			if byEquals[at] == nil {
				groups = append(groups, at)
			}
			byEquals[at] = append(byEquals[at], away{k, o})
		}
	})
	for _, at := range groups {
		list, poison := byEquals[at], poisons{}
		members, first, last := map[traffic.MemberKey]int{}, list[0].o.From(), list[0].o.From()
		overlap := false
		var events []*traffic.Event
		for i, a := range list {
			members[a.k]++
			events = append(events, a.o.Events...)
			poison.see(c, a.o.Events)
			if a.o.From().Before(first) {
				first = a.o.From()
			}
			if a.o.From().After(last) {
				last = a.o.From()
			}
			for _, b := range list[:i] {
				overlap = overlap || a.k != b.k && a.o.From().Before(b.o.Last()) && b.o.From().Before(a.o.Last())
			}
		}
		if len(members) < 2 || len(list) > len(members) || overlap || last.Sub(first) > rollout {
			continue
		}
		if k, ok := poison.inAll(len(list)); ok {
			suspectPoison(c, k, events, "c-deploy-no-drain", "c-restart")
			continue
		}
		f := c.Claim("c-deploy-no-drain", events, inference.ScopeOf(events), inference.ConfidenceOf(events[0].Own && len(members) >= 3 ||
			changedWithin(c, first.Add(-inference.Soon), last)))
		f.AddEvidence("access-log",
			fmt.Sprintf("%d members were away one after another between %s and %s, each came back on its own, and requests failed each time",
				len(members), units.Stamp(first), units.Stamp(last)), events...)
		f.RuleOut("g-oom-kill", "processes that are killed do not take turns")
		f.AddRivals("c-restart")
		f.SetExpected("backend", inference.CountVisible(events), len(events), "bounded", "a graceful stop loses none of them")
		c.Expand(map[string]string{"address": inference.Address(events)}, f)
	}
}

// poisons are the routes that no member ever answered, with the number of outages in which a connection broke
// under one: what ends each process that gets it goes from member to member too.
type poisons map[traffic.RouteKey]int

func (p poisons) see(c *inference.Case, outage []*traffic.Event) {
	broken, _ := traffic.GroupBy(traffic.Filter(outage, inference.BrokeUnderRequest), (*traffic.Event).Route)
	for _, k := range broken {
		if c.Traffic.Route(k).Answered == 0 {
			p[k]++
		}
	}
}

// inAll is a route that was in each of several outages.
func (p poisons) inAll(outages int) (found traffic.RouteKey, ok bool) {
	for k, n := range p {
		if n == outages && n > 1 && (!ok || k.Path < found.Path) {
			found, ok = k, true
		}
	}
	return found, ok
}

func suspectPoison(c *inference.Case, k traffic.RouteKey, events []*traffic.Event, rivals ...string) {
	c.Suspect(events,
		fmt.Sprintf("each time a process went away while it worked on %s %s, which no member ever answered: read the members' own logs at those times, and try that request on a member that is out of service", k.Method, k.Path),
		append([]string{"g-crash-on-input", "g-oom-kill"}, rivals...)...)
}

// changedWithin reports whether the activity log has a change in a span of time.
func changedWithin(c *inference.Case, from, to time.Time) bool {
	return slices.ContainsFunc(c.Changes(), func(x inference.Change) bool { return x.Overlaps(from, to) })
}
