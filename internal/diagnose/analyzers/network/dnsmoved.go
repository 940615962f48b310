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

// Azure's log names a member by its address alone. Of a pool with one name in it, addresses that follow each other and never stood
// side by side are one member that moved.

// DNSMoved recognises b-dns-stale in a log that names members by their addresses.
var DNSMoved = inference.Analyzer{
	Name: "b-dns-stale", Requires: inference.Log | inference.Document | inference.Activity,
	Doc: "the only name of a pool fails at one address until somebody writes the gateway, and answers at another from then on",
	Run: movedName,
}

// movedName: the gateway went on with an old address until a write made it resolve the name again. That shows only where
// somebody wrote it; else the move is the first of the rivals.
func movedName(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return !e.Own && e.Fault.Side != fault.Client && e.Fault.Kind != fault.Status
	}), (*traffic.Event).PoolKey)
	for _, k := range keys {
		m, ok := c.MoveOf(k)
		if !ok || !c.OneName(k.Pool) {
			continue
		}
		events := traffic.Filter(groups[k], m.Between)
		write, wrote := c.WriteBefore(m.Begun)
		if len(events) < stats.MinEvents || !wrote || write.At.Before(events[len(events)-1].Start.Add(-inference.Healed)) ||
			write.At.Before(m.Left) {
			continue
		}
		name := c.Traffic.Config.Pool(k.Pool).Members[0].FQDN
		f := c.Claim("b-dns-stale", events, report.Scope{Pool: k.Pool, Settings: k.Settings, Member: name}, report.Medium)
		f.AddEvidence("access-log",
			fmt.Sprintf("%s answered at %s until %s; %d requests failed then; from %s on it answered at %s, and the two addresses were never in use together",
				name, m.Old, units.Stamp(m.Fine), len(events), units.Stamp(m.Begun), m.New), events...)
		f.AddEvidence("activity-log",
			fmt.Sprintf("%s by %s at %s, %s before the first answer at the new address: a write makes the gateway resolve the name again",
				write.Operation, inference.CallerOr(write.Caller), units.Stamp(write.At), units.Seconds(m.Begun.Sub(write.At))))
		f.RuleOut("i-empty-pool", "the pool has a member")
		f.AddOpenRivals("c-restart", "b-refused", "c-endpoint-lag")
		f.SetExpected("backend", 0, len(events), "bounded",
			"with the old address in service until its record has run out everywhere none of them fails, if the name was moved on purpose")
		f.SetExpected("gateway", 0, len(events), "bounded", "in proportion to how much sooner the gateway is written after a move")
		c.Expand(map[string]string{"address": m.Old}, f)
	}
}
