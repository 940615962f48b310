package timing

import (
	"fmt"
	"math"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// ColdStart recognises d-cold-start: the member is slow after a quiet time.
var ColdStart = inference.Analyzer{
	Name: "d-cold-start", Requires: inference.Log,
	Doc: "what times out are the first requests after a member had none for a while, each time, and hardly any of the others",
	Run: coldStart,
}

// quietTimes are the lengths of quiet that are tried, the longest first: of those that fit, it says the most.
var quietTimes = []time.Duration{
	time.Hour, 30 * time.Minute, 10 * time.Minute, 5 * time.Minute, time.Minute, 30 * time.Second,
	10 * time.Second, 5 * time.Second, 2 * time.Second, time.Second,
}

// coldStart: a member that has had nothing to do for a while has been put to sleep, or has lost its caches. On a connection
// that had been idle as long it may be the way that has forgotten it, so only requests on new ones decide.
func coldStart(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(traffic.IsTimeout), (*traffic.Event).Key)
	for _, k := range keys {
		events, m := groups[k], c.Traffic.Member(k)
		for _, d := range quietTimes {
			if d < 4*(stats.BinWidth+events[0].Resolution()) {
				continue
			}
			first := traffic.Filter(events, func(e *traffic.Event) bool { return m.Tried.QuietBefore(e.Start, d) })
			some, rest := m.Tried.AfterQuiet(d)
			if len(first) < stats.MinEvents || inference.Apart(first, d/2) < 3 || !traffic.Mostly(first, events) || 2*len(first) < some.N ||
				m.Answered-m.Errors < traffic.EnoughAnswers {
				continue
			}
			share := float64(some.N) / float64(some.N+rest.N)
			if chance := math.Pow(share, float64(inference.Apart(first, d/2))); chance*float64(len(quietTimes)) >= stats.Significance {
				continue
			}
			startedCold(c, k, d, first, some, rest)
			break
		}
	}
}

func startedCold(c *inference.Case, k traffic.MemberKey, quiet time.Duration, events []*traffic.Event, some, rest stats.Count) {
	fresh := len(traffic.Filter(events, func(e *traffic.Event) bool {
		return e.Own && !e.Attempt.Reused ||
			!e.Own && e.Attempt.Connect > 0
	}))
	switch {
	case !answeredWarm(c, events, some.N):
		c.Suspect(events,
			fmt.Sprintf("what comes first after a quiet time comes at no other time: send such a request to %s after others, and compare",
				k.Member),
			"d-slow-route", "d-cold-start", "d-hung", "d-timeout-below-latency")
		return
	case some.N*rest.Times > 2*rest.N*some.Times:
		c.Suspect(events,
			fmt.Sprintf("after a quiet time much comes to %s at once: compare the requests under way with its workers then, and send one alone after such a time", k.Member),
			"g-worker-pool", "d-cold-start", "g-cpu-queueing", "b-stateful-idle-drop")
		return
	case 2*fresh < len(events) && events[0].Own:
		return // the connections had been idle as long as the member
	case 2*fresh < len(events):
		c.Suspect(events,
			fmt.Sprintf("the first requests after a quiet time time out, and the log does not say whether their connections to %s were new: where new ones fail too the member was asleep, otherwise the network path has forgotten them", k.Member),
			"d-cold-start", "b-stateful-idle-drop")
		return
	}
	f := c.Claim("d-cold-start", events, inference.ScopeOf(events), inference.ConfidenceOf(events[0].Own))
	f.AddEvidence("access-log",
		fmt.Sprintf("%d of %d requests to %s that came after it had had none for %s or more timed out, at %d different times; %d others were sent to it",
			len(events), some.N, k.Member, units.Seconds(quiet), inference.Apart(events, quiet/2), rest.N), events...)
	f.RuleOut("b-stateful-idle-drop", fmt.Sprintf("%d of them were on new connections", fresh))
	f.RuleOut("d-timeout-below-latency", "only the first after a quiet time are late")
	f.AddRivals("d-gc-pause")
	f.SetExpected("backend", 0, len(events), "bounded", "a member that is kept warm has no first request")
	c.Expand(map[string]string{"address": k.Server.String()}, f)
}

// answeredWarm reports whether the same routes have answers at other times: more of each were answered than
// can have been among the first. Where they are not, nothing tells what is slow, the member or the request.
func answeredWarm(c *inference.Case, events []*traffic.Event, first int) bool {
	warm := traffic.Filter(events, func(e *traffic.Event) bool {
		return c.Traffic.Route(e.Route()).Answered-(first-len(events)) >= stats.MinEvents
	})
	return 5*len(warm) >= 4*len(events)
}
