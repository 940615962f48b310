package network

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// TransitFlap recognises b-transit-flap: the link between gateway and members was down.
var TransitFlap = inference.Analyzer{
	Name: "b-transit-flap", Requires: inference.Trace,
	Doc: "several members answer nothing for the same time, and do not even acknowledge what the gateway sends",
	Run: transitFlap,
}

// transitFlap: the path to all of them was interrupted. While a process pauses its kernel still acknowledges what
// comes; where nothing is acknowledged, host or network are away, and several hosts at once are the network between.
func transitFlap(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool { return e.Own && c.DuringSilence(e) && e.Attempt.Retransmits > 0 })
	for _, spell := range spells(events) {
		from, to := spell[0].Start, spell[0].At
		hosts, _ := traffic.GroupBy(spell, func(e *traffic.Event) netip.Addr { return e.Server.Addr() }) // one may serve several pools
		for _, e := range spell {
			from, to = units.Earlier(from, e.Start), units.Later(to, e.At)
		}
		if len(hosts) < 2 || len(spell) < stats.MinEvents || answeredIn(c, spell, from.Add(2*stats.BinWidth), to.Add(-2*stats.BinWidth)) {
			continue
		}
		if !allCameBack(c, spell, to) {
			c.Suspect(spell,
				"several hosts stopped acknowledging what the gateway sent, and the log does not show all of them answering again: look whether they run, and at the network between",
				"b-transit-flap", "a-slow-eviction", "b-drop", "b-route", "d-vm-freeze")
			continue
		}
		f := c.Claim("b-transit-flap", spell, inference.ScopeOf(spell), report.High)
		f.AddEvidence("access-log",
			fmt.Sprintf("from %s to %s none of %d hosts answered; the kernel sent %d requests to them again and again, and no host acknowledged one",
				units.Stamp(from), units.Stamp(to), len(hosts), len(spell)), spell...)
		f.RuleOut("d-gc-pause", "while a process pauses its kernel still acknowledges what arrives")
		f.RuleOut("a-slow-eviction", "several hosts were away at the same time, and came back")
		f.AddRivals("d-vm-freeze") // they may stand on one machine
		f.SetExpected("backend", 0, len(spell), "unknown", "only a second network path would help")
		c.Expand(map[string]string{"address": inference.Address(spell)}, f)
	}
}

// answeredIn reports whether a member of some events gave an answer in a span of time.
func answeredIn(c *inference.Case, events []*traffic.Event, from, to time.Time) bool {
	return slices.ContainsFunc(events, func(e *traffic.Event) bool { return c.Traffic.Member(e.Key()).Answers.Between(from, to) > 0 })
}

// allCameBack reports whether each member of some events answered after a time.
func allCameBack(c *inference.Case, events []*traffic.Event, after time.Time) bool {
	return !slices.ContainsFunc(events, func(e *traffic.Event) bool {
		return c.Traffic.Member(e.Key()).Answers.Between(after.Add(-2*stats.BinWidth), c.Traffic.To) == 0
	})
}

// spells cuts events into those that overlap in time.
func spells(events []*traffic.Event) [][]*traffic.Event {
	byStart := slices.SortedStableFunc(slices.Values(events), func(a, b *traffic.Event) int { return a.Start.Compare(b.Start) })
	var out [][]*traffic.Event
	var end time.Time
	for _, e := range byStart {
		if len(out) == 0 || e.Start.After(end) {
			out = append(out, nil)
			end = e.At
		}
		end = units.Later(end, e.At)
		out[len(out)-1] = append(out[len(out)-1], e)
	}
	return out
}
