package capacity

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// HeadOfLineMember recognises g-head-of-line-member: slow requests pile up on one member.
var HeadOfLineMember = inference.Analyzer{
	Name: "g-head-of-line-member", Requires: inference.Trace,
	Doc: "requests wait in vain at a member that has several in progress while another has hardly any, and that member got the long ones",
	Run: headOfLine,
}

// headOfLine: members get requests in turn, whatever a request costs. Turns that fall badly give one member the long ones, and
// what waits behind them runs into the timeout while the others have nothing to do. Long requests that wait behind no others end
// so however few are in progress; and where the others fail as well, no turn would have helped.
func headOfLine(c *inference.Case) {
	members, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return e.Own && traffic.IsTimeout(e) &&
			e.Attempt.Least >= 0
	}), (*traffic.Event).Key)
	for _, k := range members {
		events := groups[k]
		mine, theirs := c.Traffic.Member(k).Work(), workElsewhere(c, k)
		if len(events) < stats.MinEvents || mine < inference.Uneven*theirs || theirs == 0 || 5*BehindOthers(events) < 4*len(events) ||
			c.FewUsers(events) || c.Silence(events) {
			continue
		}
		w := c.WithConcurrency(events)
		asked, expected, did := atOthers(c, k, groups)
		switch {
		case !w.Rises() || did > 0 && inference.Uneven*float64(did) >= expected:
			continue
		case w.Served >= w.Refused || expected < stats.MinEvents && !severalAtOnce(w, c.Traffic.Member(k).Work()):
			c.Suspect(events,
				fmt.Sprintf("they came when much was in progress at %s, which got the long requests; but whether they would have been quicker elsewhere is not in the evidence: look whether requests wait for a worker there, or for something that all members share", k.Member),
				"g-head-of-line-member", "d-slow-route", "g-worker-pool", "d-db-lock", "g-noisy-member")
			continue
		}
		busiest, idlest := extremes(events)
		f := c.Claim("g-head-of-line-member", events, inference.ScopeOf(events),
			inference.ConfidenceOf(inference.DistinctSeconds(events) >= stats.MinEvents))
		f.AddEvidence("access-log",
			fmt.Sprintf("up to %d other requests were in progress at %s when these came to it, and as few as %d at another member of the pool when their time was up", busiest, k.Member, idlest), events...)
		f.AddEvidence("access-log",
			fmt.Sprintf("in %d of %d seconds they came when %d or more were in progress; so did %s of the requests that it answered",
				w.Above, w.N, w.Level, units.Percent(w.Served, w.All)))
		f.AddEvidence("access-log", fmt.Sprintf("the routes that it got take %s on their own, those that the others got %s",
			units.Seconds(mine), units.Seconds(theirs)))
		if expected >= stats.MinEvents {
			f.AddEvidence("access-log",
				fmt.Sprintf("%d requests on the same routes went to the others: at the same rate %.0f of them would have waited in vain, and %d did", asked, expected, did))
		} else {
			f.AddEvidence("access-log", "those that came when only a few others were in progress took no longer than they do alone")
			f.AddOpenRivals("g-conn-pool-db") // which all members may share: the others got hardly any such requests
		}
		f.AddRivals("d-slow-route")
		f.RuleOut("g-noisy-member", "it is the mix of requests in which it differs from the others")
		f.AddOpenRivals("g-worker-pool")
		f.SetExpected("backend", 0, len(events), "bounded", "how long they would have waited at another member is not in the evidence")
		c.Expand(map[string]string{"address": inference.Address(events)}, f)
	}
}

// BehindOthers counts the events that waited behind others at their member while another one had next to nothing to do.
func BehindOthers(events []*traffic.Event) int {
	n := 0
	for _, e := range events {
		if e.Attempt.Active >= 1 && e.Attempt.Least >= 0 && e.Attempt.Active+1 >= inference.Uneven*(e.Attempt.Least+1) {
			n++
		}
	}
	return n
}

// severalAtOnce reports whether the member answers requests that come when a few others are in progress as soon as those that
// come alone, or as soon as their routes take alone: then they wait for one of several workers, and not for one lock
// that all members may share.
func severalAtOnce(t inference.ConcurrencyTest, byThemselves time.Duration) bool {
	if alone, ok := t.At.Wait(0, 1); ok {
		byThemselves = max(alone, byThemselves)
	}
	beside, ok := t.At.Wait(1, t.Level)
	return ok && 2*beside <= 3*byThemselves
}

// atOthers is how many requests on the routes that waited in vain at a member went to equals that have less work, how many
// of them would have waited in vain at the same rate, and how many did.
func atOthers(c *inference.Case, k traffic.MemberKey, late map[traffic.MemberKey][]*traffic.Event) (asked int, expected float64, did int) {
	kinds, byKind := traffic.GroupBy(late[k], (*traffic.Event).Route)
	for _, route := range kinds {
		events, here, there := byKind[route], c.Traffic.Member(k).Mix.Routes[c.Traffic.Routes[route]], 0
		for o, m := range c.Traffic.Members {
			if n := m.Mix.Routes[c.Traffic.Routes[route]]; n != nil && c.PeersOf(o) == c.PeersOf(k) &&
				c.Traffic.Member(k).Work() >= inference.Uneven*m.Work() {
				there += n.Attempts
				did += len(traffic.Filter(late[o], func(e *traffic.Event) bool { return e.Route() == route }))
			}
		}
		if here != nil {
			asked, expected = asked+there, expected+float64(len(events)*there)/float64(here.Attempts)
		}
	}
	return asked, expected, did
}

func extremes(events []*traffic.Event) (busiest, idlest int) {
	idlest = traffic.MaxLevel
	for _, e := range events {
		busiest, idlest = max(busiest, e.Attempt.Active), min(idlest, e.Attempt.Least)
	}
	return busiest, idlest
}

// workElsewhere is the average work in the requests that the equals of a member got.
func workElsewhere(c *inference.Case, k traffic.MemberKey) time.Duration {
	sum, attempts := time.Duration(0), 0
	for o, m := range c.Traffic.Members {
		if o != k && c.PeersOf(o) == c.PeersOf(k) {
			sum, attempts = sum+m.Work()*time.Duration(m.Attempts), attempts+m.Attempts
		}
	}
	return sum / time.Duration(max(1, attempts))
}
