// Package protocol holds the analyzers of groups e and f: HTTP and TLS as members speak them.
package protocol

import (
	"fmt"

	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// certificate makes an analyzer of certificates that were refused: the trace says why each was. Azure's log says only that
// connections ended; there it is the report of backend health that says why it took a member out.
func certificate(id, test, fact, reason string) inference.Analyzer {
	decide := inference.Decides(id, fact, inference.CertificateFault(reason))
	return inference.Analyzer{Name: id, Requires: inference.Log, Doc: test, Run: func(c *inference.Case) {
		decide(c)
		refusedByHealth(c, id)
	}}
}

// refusedByHealth finds members whose new connections failed from some time on, until they were taken out, and of which
// backend health says that their certificate is refused: probes and users meet the same one.
func refusedByHealth(c *inference.Case, id string) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return traffic.ClosedSomehow(e) && e.Attempt.Status == 0 && !e.UsedBefore()
	}), (*traffic.Event).Key)
	for _, k := range keys {
		t := c.Traffic.HistoryOf(groups[k][0])
		if t == nil || len(t.Changes) > 0 || t.IsUp() {
			continue
		}
		now, known := health.Now(t)
		if !known || inference.CauseOfReason(now) != id {
			continue
		}
		refusedUntilOut(c, id, k, t, groups[k])
	}
}

func refusedUntilOut(c *inference.Case, id string, k traffic.MemberKey, t *health.History, all []*traffic.Event) {
	m := c.Traffic.Member(k)
	worked, _ := m.Fresh.Before(c.Traffic.To)
	events := traffic.Filter(all, func(e *traffic.Event) bool { return e.Start.After(worked) })
	if ends := (&inference.ClosedGroup{Q: c, Events: events}); len(events) < stats.MinEvents || ends.Speaks("Http") {
		return
	}
	out := inference.LastStart(events).Add(2*stats.BinWidth + events[0].Resolution())
	if m.Tried.Between(out, c.Traffic.To) > 0 || c.TurnsAfter(k, out) < stats.MinEvents {
		return
	}
	f := c.ClaimMore(id, events, inference.ScopeOf(events), report.Medium)
	f.AddEvidence("access-log",
		fmt.Sprintf("from %s on %d new connections to %s ended before an answer, and none worked, until the gateway tried it no more",
			units.Stamp(events[0].Start), len(events), k.Member), events...)
	f.AddEvidence("backend-health", k.Member+": "+t.Now.Detail)
	f.AddOpenRivals("c-restart", "a-slow-eviction")
	f.SetExpected("backend", len(events), len(events), "bounded", "if each of them failed for the reason that health gives")
	c.Expand(map[string]string{"address": k.Server.String()}, f)
}
