package capacity

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// NoisyMember recognises g-noisy-member: one member is slower or worse than the others.
var NoisyMember = inference.Analyzer{
	Name: "g-noisy-member", Requires: inference.Log,
	Doc: "timeouts are at one member more often than its share of the requests explains, and its answers are slower than the others' on the same routes",
	Run: noisyMember,
}

// slower is how much slower than the others a member must be, in the middle.
const slower = 3

// noisyMember: one member is slow while its equals are not: a machine, a disk, a neighbour.
func noisyMember(c *inference.Case) {
	late := c.Unclaimed(traffic.IsTimeout)
	groups, byEquals := traffic.GroupBy(late, func(e *traffic.Event) inference.Peers { return c.PeersOf(e.Key()) })
	for _, at := range groups {
		_, byMember := traffic.GroupBy(byEquals[at], (*traffic.Event).Key)
		exposure := triedAbout(c, at, byEquals[at])
		for _, s := range inference.StandsOut(exposure, byMember) {
			if events := byMember[s.Key]; len(exposure) > 1 && !c.SeenSilence(events) && !fromOneInstance(c, events) {
				noisy(c, s, events, len(exposure))
			}
		}
	}
}

// span is how long around a failure the members in use are those that might have got it.
const span = 10 * time.Second

// triedAbout counts how often each member was tried about the times of failures, which are in order: one that is in service
// only at a bad time has its share of that time.
func triedAbout(c *inference.Case, at inference.Peers, events []*traffic.Event) map[traffic.MemberKey]int {
	out := map[traffic.MemberKey]int{}
	for from := 0; from < len(events); {
		begin, end := events[from].At, from+1
		for end < len(events) && events[end].At.Sub(begin) < span {
			end++
		}
		for k, m := range c.Traffic.Members {
			if c.PeersOf(k) == at {
				out[k] += inference.Independent(events[from:end]) * m.Tried.Between(begin.Add(-span), begin.Add(span))
			}
		}
		from = end
	}
	return out
}

// fromOneInstance reports whether the failures are of one instance of the gateway while another one finds their member well:
// then it is the way to it that differs.
func fromOneInstance(c *inference.Case, events []*traffic.Event) bool {
	instances, _ := traffic.GroupBy(events, func(e *traffic.Event) string { return e.Instance })
	if len(instances) != 1 {
		return false
	}
	_, others := c.Besides(traffic.InstanceMember{Instance: instances[0], Member: events[0].Member})
	return others.Requests >= traffic.EnoughAnswers && 10*others.Failures <= len(events)
}

func noisy(c *inference.Case, s inference.Standout[traffic.MemberKey], events []*traffic.Event, of int) {
	m := c.Traffic.Member(s.Key)
	var others stats.Histogram
	at := c.PeersOf(s.Key)
	for k, o := range c.Traffic.Members {
		if c.PeersOf(k) == at && k != s.Key {
			others.Merge(&o.Waits)
		}
	}
	mine, theirs := m.Waits.Quantile(0.5), others.Quantile(0.5)
	if m.Waits.N < traffic.EnoughAnswers || others.N < traffic.EnoughAnswers || mine < slower*theirs || mine-theirs < 20*time.Millisecond {
		return
	}
	times, compared := slowness(c, s.Key)
	if compared && times < slower/2.0 || !compared && !m.Mix.Full() {
		return
	}
	if justJoined(c, s.Key, events) {
		c.Suspect(events, s.Key.Member+
			" had joined only minutes before: look whether it is still slower than its equals, and what it has to do before it is as quick as they are",
			"d-cold-start", "a-not-ready-yet", "g-noisy-member")
		return
	}
	if work, theirs := m.Work(), workElsewhere(c, s.Key); work >= inference.Uneven*theirs && theirs > 0 {
		c.Suspect(events,
			fmt.Sprintf("%s is slower than its equals on the same routes, but it also got the longer ones, behind which others wait: look how busy its workers are, or send it a request when it has little to do", s.Key.Member),
			"g-noisy-member", "g-head-of-line-member", "g-worker-pool", "d-slow-route")
		return
	}
	if c.FewUsers(events) {
		c.Suspect(events, "a cookie binds few users to "+s.Key.Member+
			", and these requests are theirs: compare what they request with what other users do, or send one of them to another member",
			"d-slow-route", "g-noisy-member", "d-timeout-below-latency", "d-hung")
		return
	}
	f := c.Claim("g-noisy-member", events, inference.ScopeOf(events), inference.ConfidenceOf(s.Failures >= stats.MinEvents))
	f.AddEvidence("access-log",
		fmt.Sprintf("%d of the requests that waited in vain were at %s, which had %.0f %% of the traffic about those times; by chance that happens less than once in %.0f times",
			len(events), s.Key.Member, 100*s.Share, 1/max(s.Chance, 1e-6)), events...)
	f.AddEvidence("access-log", fmt.Sprintf("half of its answers came within %s; of the other %d members within %s",
		units.Seconds(mine), of-1,
		units.Seconds(theirs)))
	if compared {
		f.AddEvidence("access-log", fmt.Sprintf("on the same routes it takes %s times as long as they do", units.Decimal(times, 1)))
	}
	f.RuleOut("d-slow-route", "the other members answer the same requests faster")
	f.RuleOut("h-instance-fault", "it is the member that they share, not an instance of the gateway")
	f.AddRivals("g-io-stall", "d-vm-freeze")
	f.SetExpected("backend", 0, len(events), "bounded", "once the member is as fast as the others")
	rest := 0.0
	for k, o := range c.Traffic.Members {
		if c.PeersOf(k) == at && k != s.Key && o.Attempts > 0 {
			rest = max(rest, float64(o.Attempts-o.Answered)/float64(o.Attempts))
		}
	}
	low := max(0, len(events)-int(rest*float64(m.Attempts)+0.5))
	f.SetExpected("gateway", low, len(events), "bounded",
		"without the member its requests fail as those of the others do, if they can carry its share")
	c.Expand(map[string]string{"address": inference.Address(events)}, f)
}

// justJoined reports whether a member was first tried in the midst of the log, and its failures are all of the minutes after.
func justJoined(c *inference.Case, k traffic.MemberKey, events []*traffic.Event) bool {
	first, _ := c.Traffic.Member(k).Tried.After(c.Traffic.From.Add(-stats.BinWidth))
	return first.Sub(c.Traffic.From) > inference.Soon && events[len(events)-1].Start.Sub(first) < inference.Soon
}

// slowness is how many times as long as its equals a member takes on the same routes; ok is false where they
// have too few routes and answers in common.
func slowness(c *inference.Case, k traffic.MemberKey) (times float64, ok bool) {
	var mine, theirs time.Duration
	common := 0
	for route, here := range c.Traffic.Member(k).Mix.Routes {
		var elsewhere traffic.MemberRoute
		for o, m := range c.Traffic.Members {
			if there := m.Mix.Routes[route]; o != k && there != nil && c.PeersOf(o) == c.PeersOf(k) {
				elsewhere.Answered, elsewhere.Waited = elsewhere.Answered+there.Answered, elsewhere.Waited+there.Waited
			}
		}
		if here.Answered >= stats.MinEvents && elsewhere.Answered >= stats.MinEvents {
			mine += here.Waited
			theirs += elsewhere.Waited / time.Duration(elsewhere.Answered) * time.Duration(here.Answered)
			common += here.Answered
		}
	}
	return float64(mine) / float64(max(1, theirs)), common >= traffic.EnoughAnswers
}
