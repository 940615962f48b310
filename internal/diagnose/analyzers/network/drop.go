package network

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// Drop recognises b-drop: packets to the member are dropped silently.
var Drop = inference.Analyzer{
	Name: "b-drop", Requires: inference.Connects,
	Doc: "attempts to connect run into their timeout, and none succeeds then or later",
	Run: dropped,
}

// dropped: attempts to connect ran into their timeout, none succeeded, and none did later.
func dropped(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(inference.Is(fault.Network, fault.Connect, fault.Timeout)), (*traffic.Event).Key)
	for _, k := range keys {
		events := groups[k]
		m := c.Traffic.Members[k]
		between := m.Answers.Between(events[0].Start.Add(stats.BinWidth), events[len(events)-1].At)
		if _, later := m.Answers.After(events[len(events)-1].At); later || between > 0 || len(events) < 3 {
			c.Suspect(events,
				"the member was reached at other times: compare ListenOverflows on it (nstat), retransmits of established connections, and changes of the network at those times",
				"b-drop", "c-accept-queue", "b-loss", "b-transit-flap")
			continue
		}
		if last, before := m.Answers.Before(events[0].Start); before { // a machine that is gone looks the same from here
			c.Suspect(events,
				fmt.Sprintf("it answered until %s and was never reached again: look whether its machine is there, then which rule of the network changed then", units.Stamp(last)),
				"a-slow-eviction", "b-drop", "b-route")
			continue
		}
		f := c.Claim("b-drop", events, inference.ScopeOf(events), report.High)
		f.AddEvidence("access-log", fmt.Sprintf("%d attempts to connect to %s got no answer at all; none succeeded then or later",
			len(events),
			k.Server), events...)
		f.RuleOut("c-accept-queue", "with a full accept queue some attempts succeed, late")
		f.RuleOut("b-refused", "a host without listener answers at once")
		f.AddRivals("b-route")
		f.SetExpected("backend", len(events), len(events), "exact", "with the way open none of them runs into the timeout")
		c.Expand(map[string]string{"address": k.Server.String()}, f)
	}
}
