package timing

import (
	"fmt"
	"math"
	"slices"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// GCPause leaves open why a member stood still again and again: d-gc-pause and its like.
var GCPause = inference.Analyzer{
	Name: "d-gc-pause", Requires: inference.Log,
	Doc: "left open: a member answered nobody for a while, again and again, though the others of its pool did; what stops a process does not show from outside",
	Run: standstill,
}

// pause is a time in which a member answered nobody.
type pause struct{ from, to time.Time }

// shortestPause is the least time without answers that a log of whole seconds can show.
const shortestPause = time.Second

// standstill: nothing that a member has to do ends while its process does not run: what came to it waits, for the rest of the pause or
// for the request timeout, and afterwards it answers as before.
func standstill(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(waitedInVain), (*traffic.Event).Key)
	for _, k := range keys {
		pauses, within := pausesOf(c, k, groups[k])
		others := othersAnswered(c, k, pauses, stats.BinWidth+groups[k][0].Resolution())
		if len(pauses) < 2 || 5*len(within) < 4*len(groups[k]) || others < stats.MinEvents*len(pauses) {
			continue
		}
		m := c.Traffic.Member(k)
		lengths := make([]time.Duration, len(pauses))
		for i, p := range pauses {
			lengths[i] = p.to.Sub(p.from)
		}
		c.Suspect(within, fmt.Sprintf(
			"%s stood still %d times, for %s, first at %s, last at %s: it answered nobody then, while the other members answered %d requests; at other times half of its answers took %s. Look at what stops its process at those times: the log of its garbage collector, what blocks its event loop, steal time and pauses of its machine, waits for its disk",
			k.Member, len(pauses), units.Span(slices.Sorted(slices.Values(lengths))),
			units.Stamp(pauses[0].from), units.Stamp(pauses[len(pauses)-1].from), others, units.Seconds(m.Waits.Quantile(0.5))),
			"d-gc-pause", "g-event-loop-block", "d-vm-freeze", "g-io-stall", "d-db-lock", "g-noisy-member",
			"d-timeout-below-latency", "d-hung")
	}
}

// waitedInVain matches a request that a member held until the gateway gave up, or until its connection ended.
func waitedInVain(e *traffic.Event) bool {
	return traffic.IsTimeout(e) || e.Tried && e.Fault.Side == fault.Backend && e.Fault.Kind == fault.Closed &&
		traffic.Lasted(e) >= shortestPause
}

// pausesOf finds the times around failures of a member in which it answered nobody, where that is no accident of its few requests, and
// the failures that waited through them.
func pausesOf(c *inference.Case, k traffic.MemberKey, events []*traffic.Event) (pauses []pause, within []*traffic.Event) {
	m := c.Traffic.Member(k)
	rate := float64(m.Answered) / max(1, c.Traffic.To.Sub(c.Traffic.From).Seconds())
	for _, e := range events {
		middle := e.At.Add(-traffic.Lasted(e) / 2)
		from, before := m.Answers.Before(middle)
		to, after := m.Answers.After(middle)
		silent := to.Sub(from) - e.Resolution()
		if !before || !after || silent < shortestPause || math.Exp(-rate*silent.Seconds()) > stats.Significance {
			continue
		}
		within = append(within, e)
		if n := len(pauses); n == 0 || from.After(pauses[n-1].from) {
			pauses = append(pauses, pause{from, to})
		}
	}
	return pauses, within
}

// othersAnswered counts the answers that the member's equals gave in its pauses, their edges left out.
func othersAnswered(c *inference.Case, k traffic.MemberKey, pauses []pause, edge time.Duration) (n int) {
	for o, m := range c.Traffic.Members {
		if o == k || c.PeersOf(o) != c.PeersOf(k) {
			continue
		}
		for _, p := range pauses {
			if from, to := p.from.Add(edge), p.to.Add(-edge); to.After(from) {
				n += m.Answers.Between(from, to)
			}
		}
	}
	return n
}
