package network

import (
	"fmt"
	"slices"
	"strings"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// IPReused recognises b-ip-reused: the member's address belongs to somebody else now.
var IPReused = inference.Analyzer{
	Name: "b-ip-reused", Requires: inference.Trace,
	Doc: "an address whose certificate was accepted before presents one of another issuer for other names, while the other members keep theirs; whether it is another server or another certificate on it, only its owner knows",
	Run: reusedAddress,
}

// reusedAddress adds to findings of certificates that are not trusted, or not for the name, that the server may be another
// one now: an address that was given away shows itself by a certificate that has nothing to do with the site.
func reusedAddress(c *inference.Case) {
	members, byMember := traffic.GroupBy(c.EventsOf("f-unknown-ca", "f-name-mismatch"), (*traffic.Event).Key)
	for _, k := range members {
		m, events := c.Traffic.Member(k), byMember[k]
		first := events[0]
		last, ok := m.Answers.Before(first.Start.Add(stats.BinWidth))
		f := c.Existing(c.CauseOf(first), inference.ScopeOf(events))
		if !ok || f == nil || first.Attempt.Presented == "" || ofTheSite(c, first) ||
			m.Answers.Between(first.At.Add(stats.BinWidth), c.Traffic.To) > 0 {
			continue
		}
		f.AddEvidence("access-log", fmt.Sprintf("%s answered until %s; from %s on it presents a certificate for %s", k.Member,
			units.Stamp(last),
			units.Stamp(first.Start), first.Attempt.Presented), events...)
		f.AddOpenRivals("b-ip-reused")
	}
}

// ofTheSite reports whether the refused certificate is for a name under which the gateway reaches the member: then it is the
// site's own, by whomever it was signed.
func ofTheSite(c *inference.Case, e *traffic.Event) bool {
	asked := []string{e.Host, e.Member}
	if c.Traffic.Config != nil {
		if s := c.Traffic.Config.Setting(e.Settings); s != nil {
			asked = append(asked, s.HostName)
		}
	}
	for name := range strings.SplitSeq(e.Attempt.Presented, ", ") {
		if slices.ContainsFunc(asked, func(host string) bool { return covers(name, host) }) {
			return true
		}
	}
	return false
}

// covers reports whether a name in a certificate is for a host: it may begin with a star in place of one label.
func covers(name, host string) bool {
	_, parent, _ := strings.Cut(host, ".")
	rest, star := strings.CutPrefix(name, "*.")
	return host != "" && (strings.EqualFold(name, host) || star && strings.EqualFold(rest, parent))
}
