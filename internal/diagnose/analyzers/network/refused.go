// Package network holds the analyzers of group b: names, routes, and hops between the gateway and its members.
package network

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

// Refused recognises b-refused: nothing listens on the member's port.
var Refused = inference.Analyzer{
	Name: "b-refused", Requires: inference.Connects,
	Doc: "the member refuses every attempt to connect for longer than a restart takes, and answers nothing meanwhile",
	Run: refused,
}

// refused: the host answered that nothing listens, and went on doing so.
func refused(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(inference.Is(fault.Backend, fault.Connect, fault.Refused)), (*traffic.Event).Key)
	for _, k := range keys {
		events := groups[k]
		first, last := events[0].Start, events[len(events)-1].At
		slack := stats.BinWidth + events[0].Resolution()
		between := c.Traffic.Members[k].Answers.Between(first.Add(slack), last.Add(-slack))
		if between > 0 || len(events) < 3 {
			c.Suspect(events, "look at the listener on "+k.Server.String()+
				" (ss -ltn), at when its process started, and at what else may refuse for it: a firewall, or an address that several hosts share",
				"c-ignores-sigterm-listener-close", "b-refused", "b-reject", "c-restart")
			continue
		}
		if inference.WasHeldBack(events) && last.Sub(first) < inference.Lasting && !downAt(c, events[0], last) {
			c.Suspect(events, k.Member+
				" was held back after these, and got no more requests in this window: causeway health says whether its probes reach it now; look at when its process started",
				"b-refused", "c-restart", "b-reject", "c-ignores-sigterm-listener-close")
			continue
		}
		if !events[0].Own && cameOrWent(c, k, events) {
			c.Suspect(events, "no connection to "+k.Server.String()+
				" was established for a while, though it answers at other times: look when its process started, and what stopped it",
				c.ComingOrGoing(events)...)
			continue
		}
		f := c.Claim("b-refused", events, inference.ScopeOf(events), report.Medium)
		how := "were refused (ECONNREFUSED)"
		if !events[0].Own {
			how = "ended at once without a connection (they alone have no serverConnectTime)"
		}
		f.AddEvidence("access-log",
			fmt.Sprintf("%d attempts to connect to %s %s within %s; it answered nothing in that time", len(events),
				k.Server, how, units.Seconds(last.Sub(first))), events...)
		if !events[0].Own {
			refusedByLog(c, f, events, first, last)
		} else if last.Sub(first) >= inference.Lasting || downAt(c, events[0], last) {
			f.Confidence = report.High
			f.RuleOut("c-restart", "a process that restarts listens again sooner")
		} else {
			f.AddRivals("c-restart")
		}
		f.AddRivals("b-reject")
		if !isAddress(k.Member) {
			f.AddOpenRivals("b-dns-stale")
		}
		if c.Traffic.Config != nil && !c.Listed(k.Member) {
			f.AddOpenRivals("c-endpoint-lag")
		}
		if allRefuse(c, k.Settings, groups) {
			f.AddOpenRivals("i-wrong-port")
		}
		f.SetExpected("backend", len(events), len(events), "exact", "with a listener on the port none of them is refused")
		c.Expand(map[string]string{"address": k.Server.String()}, f)
	}
}

// refusedByLog weighs what Azure's log leaves open: where no host can be reached, that may show as quickly. One that its probes reach is
// there.
func refusedByLog(c *inference.Case, f *inference.Finding, events []*traffic.Event, first, last time.Time) {
	e := events[0]
	f.AddOpenRivals(c.MovedAway(events)...)
	f.AddRivals("c-restart")
	if t := c.Traffic.HistoryOf(e); t != nil && t.IsUp() {
		healthy, known := c.HealthyThroughout(e.Pool, e.Settings, first, last)
		if fact := "healthy in the report"; healthy || !known {
			if known {
				fact += ", and the metrics count no unhealthy member of its pool in all that time"
			}
			f.AddEvidence("backend-health", e.Member+" is "+fact+": its probes reach it, and do not notice what requests meet")
			f.RuleOut("b-route", "its probes reach the same host")
			if p, s := c.ProbeOf(e.Settings), c.Setting(e.Settings); p != nil && s != nil && p.Port > 0 && p.Port != s.Port {
				f.AddEvidence("configuration",
					fmt.Sprintf("the probe %s tries port %d, and requests go to port %d", p.Name, p.Port, s.Port))
				f.AddOpenRivals("a-probe-port")
			}
			return
		}
	}
	if f.AddOpenRivals("b-route"); c.Traffic.Members[e.Key()].Answered == 0 { // whether anything ever listened there is not known
		f.Confidence = report.Low
	}
}

// cameOrWent reports whether the member answered shortly before or after these failures: then they may be of its end or its start.
func cameOrWent(c *inference.Case, k traffic.MemberKey, events []*traffic.Event) bool {
	first, last := events[0].Start, events[len(events)-1].At
	_, before := c.Traffic.Members[k].Answers.Before(first)
	_, after := c.Traffic.Members[k].Answers.After(last)
	return after || before && last.Sub(first) < inference.Lasting
}

// downAt reports whether the probes saw the event's member down at some time after the failures began, and it stayed so.
func downAt(c *inference.Case, e *traffic.Event, last time.Time) bool {
	t := c.Traffic.HistoryOf(e)
	if t == nil || len(t.Changes) == 0 {
		return false
	}
	end := t.Changes[len(t.Changes)-1]
	return !end.Up && end.At.After(e.Start) && !end.At.After(last.Add(time.Minute))
}

// allRefuse reports whether every member under the settings refuses and none has answered: then it may be the port.
func allRefuse(c *inference.Case, settings string, refused map[traffic.MemberKey][]*traffic.Event) bool {
	for k, m := range c.Traffic.Members {
		if k.Settings == settings && (m.Answered > 0 || len(refused[k]) == 0) {
			return false
		}
	}
	return true
}
