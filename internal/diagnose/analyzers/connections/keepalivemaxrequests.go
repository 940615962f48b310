package connections

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/units"
)

// KeepaliveMaxRequests recognises c-keepalive-max-requests: the backend closes connections after a number of requests, unannounced.
var KeepaliveMaxRequests = inference.Analyzer{
	Name: "c-keepalive-max-requests", Requires: inference.Trace,
	Doc: "the lost requests were each the next one on their connection, and none was answered beyond that number",
	Run: maxRequests,
}

// maxRequests: the member ends a connection after a fixed number of requests, without having announced it. Then every
// lost request was the next one on its connection, none was ever answered beyond that number, and idle age and age of
// the connections differ.
func maxRequests(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Own && e.ClosedUnanswered() && e.Attempt.Reused }),
		(*traffic.Event).Key)
	for _, k := range keys {
		events := groups[k]
		uses, same := commonUses(events)
		m := c.Traffic.Members[k]
		if !traffic.Mostly(same, events) || m.MostUses >= uses {
			continue
		}
		if uses < 2 || !idlenessIsInnocent(c, k, same) {
			c.Suspect(same,
				"the lost requests were also on connections idle for longer than any that was answered: look for an idle limit of the member, or of a firewall between",
				"c-keepalive-max-requests", "b-stateful-idle-rst", "c-idle-race")
			continue
		}
		f := c.Claim("c-keepalive-max-requests", same, inference.ScopeOf(same), report.High)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d requests were lost on connections of %s that had carried exactly %d requests; no connection was answered after more than %d",
				len(same), k.Member, uses, m.MostUses), same...)
		idle := traffic.SortedDurations(same, ClosedAt)
		f.RuleOut("c-idle-race", fmt.Sprintf("the connections had been idle for anything between %s and %s when they ended",
			units.Seconds(idle[0]), units.Seconds(idle[len(idle)-1])))
		f.RuleOut("c-restart", "the member ends one connection at a time, each at its own number of requests")
		f.SetExpected("backend", len(same), len(same), "exact",
			"the gateway does not reuse a connection whose last answer carries Connection: close")
		c.Expand(map[string]string{"address": k.Server.String(), "uses": fmt.Sprint(uses)}, f)
	}
}

// idlenessIsInnocent reports whether connections that had been idle for as long did answer.
func idlenessIsInnocent(c *inference.Case, k traffic.MemberKey, events []*traffic.Event) bool {
	longest, n := c.LongestAnswered(k), 0
	for _, e := range events {
		if e.Attempt.Idle <= longest {
			n++
		}
	}
	return 5*n >= 4*len(events)
}

// commonUses is the number of requests that most of the connections had carried.
func commonUses(events []*traffic.Event) (uses int, same []*traffic.Event) {
	by := map[int][]*traffic.Event{}
	for _, e := range events {
		u := e.Attempt.Uses
		if by[u] = append(by[u], e); len(by[u]) > len(same) || len(by[u]) == len(same) && u < uses {
			uses, same = u, by[u]
		}
	}
	return uses, same
}

// KeepaliveMaxRequestsByPorts recognises c-keepalive-max-requests in Azure's log.
var KeepaliveMaxRequestsByPorts = inference.Analyzer{
	Name: "c-keepalive-max-requests", Requires: inference.Log,
	Doc: "by source ports, each lost request was the next one on its connection, none was answered beyond that number, and no idle limit explains them",
	Run: maxRequestsByPorts,
}

// maxRequestsByPorts counts the requests of each connection in Azure's log. Connections older than the log have carried more than it shows.
func maxRequestsByPorts(c *inference.Case) {
	keys, groups := lostOnUsed(c)
	for _, k := range keys {
		events := traffic.Filter(soonLost(c, k, groups[k]), func(e *traffic.Event) bool { return e.Attempt.Uses > 0 })
		uses, same := commonUses(events)
		if !traffic.Mostly(same, events) || uses < 2 {
			continue
		}
		limit := limitOf(c, k, same, events, traffic.OfUses, 0)
		idle, age := limitOf(c, k, same, events, traffic.OfIdle, portSlack), limitOf(c, k, same, events, traffic.OfAge, portSlack)
		switch {
		case !limit.holds() || inference.InOneMoment(same):
			continue
		case !limit.shown(), idle.holds(), age.holds() && age.high-age.low <= int64(longestSpread):
			suspectLimits(c, k, same)
			continue
		}
		f := c.Claim("c-keepalive-max-requests", same, inference.ScopeOf(same), report.Medium)
		f.AddEvidence("access-log",
			fmt.Sprintf("%d requests were lost on connections of %s that had carried exactly %d requests (%s); %d were answered on connections that had carried fewer, %d on ones that had carried as many",
				len(same), k.Member, uses, byPorts(same), limit.below, limit.inside+limit.beyond), same...)
		idle.weighIdle(f)
		age.weighAge(f)
		f.RuleOut("c-restart", fmt.Sprintf("they lie at %d different moments, each connection at the same number of requests", limit.n))
		f.SetExpected("backend", 0, len(same), "bounded",
			"the gateway does not reuse a connection whose last answer carries Connection: close")
		c.Expand(map[string]string{"address": k.Server.String(), "uses": fmt.Sprint(uses)}, f)
	}
}
