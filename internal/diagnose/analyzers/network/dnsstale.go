package network

import (
	"fmt"
	"net/netip"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// DNSStale recognises b-dns-stale: the gateway uses an old address of the member.
var DNSStale = inference.Analyzer{
	Name: "b-dns-stale", Requires: inference.Connects,
	Doc: "a member that is a name fails at one address until the gateway turns to another address, where it answers",
	Run: dnsStale,
}

// dnsStale: the member moved, and the gateway went on with the address that its name had led to before.
func dnsStale(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return !isAddress(e.Member) && (inference.ConnectFailed(e) || inference.BrokeUnderRequest(e) || traffic.IsTimeout(e))
	}), (*traffic.Event).Key)
	for _, old := range keys {
		events := inference.TrimBefore(groups[old])
		first, last := events[0].Start, events[len(events)-1].Start
		moved, ok := movedTo(c, old)
		if !ok || len(events) < stats.MinEvents || c.Traffic.Member(old).Answers.Between(first.Add(2*stats.BinWidth), c.Traffic.To) > 0 ||
			c.Traffic.Member(old).Answers.Between(c.Traffic.From, first) == 0 {
			continue
		}
		begun, ok := c.Traffic.Member(moved).Answers.After(c.Traffic.From)
		if !ok || begun.Before(last.Add(-stats.BinWidth)) ||
			c.Traffic.Member(moved).Answers.Between(begun, c.Traffic.To)-c.Traffic.Member(moved).Errors < traffic.EnoughAnswers {
			continue
		}
		f := c.Claim("b-dns-stale", events, inference.ScopeOf(events), report.Medium) // the log does not have when the name moved
		f.AddEvidence("access-log",
			fmt.Sprintf("the gateway tried %s at %s, where %d attempts failed from %s on and none was answered; from %s on it tried %s, which answered %d", old.Member, old.Server,
				len(events), units.Stamp(first), units.Stamp(begun), moved.Server, c.Traffic.Member(moved).Answers.Between(begun,
					c.Traffic.To)), events...)
		f.RuleOut("c-restart", "the old address did not come back")
		f.AddOpenRivals("b-refused") // it may have died first, and its name have been given to another for that
		f.SetExpected("backend", 0, len(events), "bounded",
			"with the old address in service until the name has run out everywhere none of them fails, if it was moved on purpose")
		f.SetExpected("gateway", 0, len(events), "bounded", "in proportion to how much sooner the gateway resolves the name again")
		c.Expand(map[string]string{"address": old.Server.String()}, f)
	}
}

// movedTo is another address of the same member that the gateway tried after this one, and not before.
func movedTo(c *inference.Case, old traffic.MemberKey) (traffic.MemberKey, bool) {
	left, _ := c.Traffic.Member(old).Tried.Before(c.Traffic.To)
	var out traffic.MemberKey
	for k, m := range c.Traffic.Members {
		// other gateways have other resolvers
		if k.Settings != old.Settings || k.Member != old.Member || k.Server == old.Server || m.Gateway != c.Traffic.Member(old).Gateway {
			continue
		}
		// several addresses at once are several members
		if out.Server.IsValid() || m.Tried.Between(c.Traffic.From, left.Add(-2*stats.BinWidth)) > 0 {
			return traffic.MemberKey{}, false
		}
		out = k
	}
	return out, out.Server.IsValid()
}

// isAddress reports whether a member is no name.
func isAddress(member string) bool {
	_, err := netip.ParseAddr(member)
	return err == nil
}
