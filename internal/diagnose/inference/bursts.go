package inference

import (
	"fmt"
	"math"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// AtOneMember leaves requests open that one member makes late: a longer wait would fix nothing, and the route is not to
// blame.
func (c *Case) AtOneMember(l *TimedOutGroup) bool {
	member, ok := c.mostlyAt(l)
	if ok {
		c.Suspect(l.Events,
			fmt.Sprintf("most of them were at %s, and would not be late if it were as quick as its equals: compare it with them, and what else it has to do", member),
			"g-noisy-member", "g-io-stall", "g-head-of-line-member", "d-gc-pause", "d-slow-route", "d-timeout-below-latency")
	}
	return ok
}

// InBursts leaves requests open that are late together with their neighbours.
func (c *Case) InBursts(l *TimedOutGroup) bool {
	b := c.BurstsOf(l)
	if b.Come() {
		c.Suspect(l.Events, b.Next(l)+c.ArrivalsText(l), c.RivalsOfBursts(l)...)
	}
	return b.Come()
}

// Next is what to do next about requests that are late in bursts.
func (b Bursts) Next(l *TimedOutGroup) string {
	what := "these requests"
	if l.Scope.Path != "" {
		what = "requests to " + l.Scope.Path
	}
	return fmt.Sprintf("they come in bursts: %d of %d slow ones came within %s of the one before, by accident %.0f would; between these %s are in time, so look what they wait for in them: the locks, the pool and the services behind, pauses, and what else ran then; a longer timeout would hide that at best",
		b.close, b.n, units.Count(b.within, "request", "requests"), b.share*float64(b.n), what)
}

// ArrivalsText compares the traffic at the slow times with that at others; empty if it was not higher.
func (c *Case) ArrivalsText(l *TimedOutGroup) string {
	then, otherwise, ok := c.arrivals(l.Events)
	if did, busy := c.AsBusy(l.Events, came); !ok || then < Uneven*otherwise || 2*did < busy {
		return ""
	}
	return fmt.Sprintf("; %s requests a second came at those times, and %s at others: what is short for them then is likelier than a fault of one route", units.Decimal(then, 1), units.Decimal(otherwise, 1))
}

// RivalsOfBursts are the causes of times at which requests are slow. Where much traffic came then, what all requests share comes
// first; otherwise, for a single route, what it alone needs.
func (c *Case) RivalsOfBursts(l *TimedOutGroup) []string {
	alone := []string{"d-db-lock", "g-dependency-down", "g-conn-pool-db", "d-slow-route"}
	all := []string{"g-worker-pool", "g-cpu-queueing", "d-gc-pause"}
	if !l.Events[0].Own { // after a quiet time a member may be cold, or its idle connections dead, which only the trace tells apart
		all = append(all, "d-cold-start", "b-stateful-idle-drop")
	}
	if members, _ := traffic.GroupBy(l.Events, (*traffic.Event).Key); len(members) > 1 {
		all = append(all, "b-transit-flap")
	}
	if others, slowest := c.OtherRoutes(l); c.ArrivalsText(l) == "" && l.Scope.Path != "" && others.N >= traffic.EnoughAnswers &&
		slowest <= l.Limit/2 {
		return append(append(alone, all...), "d-timeout-below-latency")
	}
	return append(append(all, alone...), "d-timeout-below-latency", "h-autoscale-lag")
}

// Bursts measures whether slow requests follow each other. One that is slow for its own sake is so whatever its neighbours are;
// a queue, a lock, a pause or a slow time makes neighbours slow together.
type Bursts struct {
	n      int     // slow requests that come after another one
	close  int     // those soon after it
	within int     // how many requests "soon" covers; about half would come so soon by accident
	share  float64 // of requests that come so soon by accident, 0 to 1
}

// BurstsOf looks at the requests that waited in vain, and at the answers in the last third before the timeout.
func (c *Case) BurstsOf(l *TimedOutGroup) (b Bursts) {
	places, all := c.placesOf(l)
	if len(places) < 2 || len(places) >= all {
		return b
	}
	others := math.Log1p(-float64(len(places)) / float64(all))
	b.within = max(1, int(math.Log(0.5)/others))
	b.n, b.share = len(places)-1, 1-math.Exp(others*float64(b.within))
	for i := range b.n {
		if places[i+1]-places[i] <= b.within {
			b.close++
		}
	}
	return b
}

// Come reports whether they come in bursts: it is no accident, and a good part of those that accident would separate are together.
func (b Bursts) Come() bool {
	return b.n > 0 && stats.BinomialTail(b.close, b.n, b.share) < stats.Significance &&
		float64(b.close) >= float64(b.n)*(b.share+(1-b.share)/3)
}

// placesOf is the place of each slow request in the order of all requests of their routes. Those of one moment are spread over it.
func (c *Case) placesOf(l *TimedOutGroup) (places []int, all int) {
	asked, slow := map[int64]int{}, map[int64]int{}
	for _, r := range c.Traffic.Routes {
		if l.Has(r) {
			r.Tried.Each(func(t stats.Bin) { asked[t.At] += t.N })
			r.Slow.Each(func(t stats.Bin) { slow[t.At] += t.N })
		}
	}
	for _, e := range l.Events {
		slow[c.Traffic.Clock.Number(e.Start)]++
	}
	for _, at := range units.SortedKeys(asked) {
		here, n := asked[at], min(slow[at], asked[at])
		for i := range n {
			places = append(places, all+(2*i+1)*here/(2*n))
		}
		all += here
	}
	return places, all
}

// mostlyAt is the member at which most requests are that would not be late if it were as quick as its equals. Where a cookie binds few
// users to it, it may be they who ask for more.
func (c *Case) mostlyAt(l *TimedOutGroup) (member string, ok bool) {
	asked := map[traffic.MemberKey]int{}
	for k, m := range c.Traffic.Members {
		if c.NeighboursOf(k) != c.NeighboursOf(l.Events[0].Key()) {
			continue
		}
		for _, r := range l.Routes {
			if kind := m.Mix.Routes[r]; kind != nil {
				asked[k] += kind.Attempts
			}
		}
	}
	_, failed := traffic.GroupBy(l.Events, (*traffic.Event).Key)
	for k, here := range failed {
		share := float64(asked[k]) / float64(max(1, sum(asked)))
		if asked[k] == 0 || share >= 1 || c.FewUsers(l.Events) {
			continue
		}
		asSlow := float64(len(l.Events)-len(here)) * share / (1 - share)
		// in doubt the failures of one moment count each
		chance := stats.BinomialTail(len(here), len(l.Events), share) * float64(len(asked))
		if chance < stats.Significance && 2*(float64(len(here))-asSlow) >= float64(len(l.Events)) {
			return k.Member, true
		}
	}
	return "", false
}

func sum(counts map[traffic.MemberKey]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}
