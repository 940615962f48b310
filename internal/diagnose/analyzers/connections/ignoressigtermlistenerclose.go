package connections

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// IgnoresSigtermListenerClose recognises c-ignores-sigterm-listener-close: on stop the member closes its listener or its connections, not
// both in order.
var IgnoresSigtermListenerClose = inference.Analyzer{
	Name: "c-ignores-sigterm-listener-close", Requires: inference.Connects,
	Doc: "new connections are refused while requests on those that exist are answered, and no new one is made for as long",
	Run: listenerClosedFirst,
}

// listenerClosedFirst: on the signal to stop a member closes its port and goes on with the connections that it has. The
// gateway, which does not know, fails when it needs a new one.
func listenerClosedFirst(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(inference.Is(fault.Backend, fault.Connect, fault.Refused)), (*traffic.Event).Key)
	for _, k := range keys {
		events, m := groups[k], c.Traffic.Member(k)
		first, last := events[0].At, events[len(events)-1].At
		answers := m.Answers.Between(first, last.Add(-stats.BinWidth))
		// what was connected before may be answered after
		fresh := m.Fresh.Between(first.Add(2*stats.BinWidth+m.Waits.Max), last.Add(-stats.BinWidth))
		if len(events) < stats.MinEvents || answers < 2*stats.MinEvents || fresh > 0 || !spread(events, m) {
			continue
		}
		again, back := m.Fresh.After(last)
		f := c.Claim("c-ignores-sigterm-listener-close", events, inference.ScopeOf(events), report.Medium)
		f.AddEvidence("access-log",
			fmt.Sprintf("from %s to %s all %d attempts to connect to %s were refused, while it gave %d answers on connections that it had",
				units.Stamp(first), units.Stamp(last), len(events), k.Server, answers), events...)
		if back {
			f.AddEvidence("access-log", "it took new connections again from "+units.Stamp(again))
		}
		f.RuleOut("b-refused", "it was there, and answered")
		f.RuleOut("c-accept-queue", "a full queue drops, and does not refuse")
		f.AddRivals("b-reject")
		f.AddOpenRivals("c-backend-conn-limit")
		f.SetExpected("backend", len(events), len(events), "exact",
			"a member that leaves its port open until the gateway no longer sends loses none of them")
		c.Expand(map[string]string{"address": k.Server.String()}, f)
	}
}

// spread reports whether refusals and answers lie side by side several times, so that it was not a moment in which both met.
func spread(events []*traffic.Event, m *traffic.MemberStats) bool {
	const piece = time.Second / 2
	n, last := 0, time.Time{}
	for _, e := range events {
		if e.At.Sub(last) >= piece && m.Answers.Between(e.At, e.At.Add(piece)) > 0 {
			n, last = n+1, e.At
		}
	}
	return n >= 3
}
