package diagnose

import (
	"fmt"
	"maps"
	"slices"

	"causeway/internal/diagnose/analyzers/timing"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/units"
)

// silentTunnels reports the WebSockets that the gateway ended for their silence: no request failed, and users lost a connection all the
// same.
func silentTunnels(c *inference.Case) (out []report.Notice) {
	for _, s := range units.SortedKeys(c.Traffic.FalseFriends.Tunnels) {
		if t := c.Traffic.FalseFriends.Tunnels[s]; t.Silent > 0 {
			out = append(out, report.Notice{
				Cause: "d-ws-sse-idle", Scope: report.Scope{Settings: s},
				Do: "send a ping at intervals below the request timeout, from either side, or raise the request timeout above the longest silence",
				Fact: fmt.Sprintf("the gateway ended %d of %s under %s because neither side had sent anything for the request timeout%s (%s)",
					t.Silent, units.Count(t.All, "WebSocket", "WebSockets"), report.Named(s, "settings"), timing.TimeoutText(c, s), t.ID),
			})
		}
	}
	return out
}

// resetTunnels reports the members that reset tunnels.
func resetTunnels(c *inference.Case) (out []report.Notice) {
	for _, k := range slices.SortedFunc(maps.Keys(c.Traffic.FalseFriends.Ends), traffic.TunnelPlace.Compare) {
		t := c.Traffic.FalseFriends.Ends[k]
		if t.Resets == 0 {
			continue
		}
		out = append(out, report.Notice{
			Cause: "c-tunnel-reset", Scope: report.Scope{Settings: k.Settings, Member: k.Member},
			Fact: fmt.Sprintf("%s reset %d of %s that it had under %s (%s)%s", k.Member, t.Resets,
				units.Count(t.All, "WebSocket", "WebSockets"), report.Named(k.Settings, "settings"), t.ID, pattern(t)),
			Do: "look in the member's log, and when its process started, at those times: a process that ends well closes its sessions first",
		})
	}
	return out
}

// pattern is what the resets have in common: a moment, or an age.
func pattern(t *traffic.TunnelEnds) string {
	if len(t.Seen) < 3 {
		return ""
	}
	first, last, young, old := t.Seen[0].At, t.Seen[0].At, t.Seen[0].Age, t.Seen[0].Age
	for _, e := range t.Seen {
		first, last, young, old = units.Earlier(first, e.At), units.Later(last, e.At), min(young, e.Age), max(old, e.Age)
	}
	switch {
	case last.Sub(first) <= traffic.Quiet:
		return ": all at " + units.Stamp(first) + ", as when its process ends"
	case old-young <= traffic.Tolerance(old):
		return ": each at an age of about " + units.Seconds(old) + ", as a limit of its own, or of something between, would do"
	}
	return fmt.Sprintf(": between %s and %s, at ages from %s to %s", units.Stamp(first), units.Stamp(last), units.Seconds(young),
		units.Seconds(old))
}
