package configuration

import (
	"fmt"
	"net/netip"
	"time"

	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// WrongPort recognises i-wrong-port: the backend settings have the wrong port.
var WrongPort = inference.Analyzer{
	Name: "i-wrong-port", Requires: inference.Trace,
	Doc: "every member refuses at the present port, and answered at another one until the port changed",
	Run: wrongPort,
}

// wrongPort: the port of the settings was changed, and the servers still listen where they did.
func wrongPort(c *inference.Case) {
	settings, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return e.Own && (inference.Is(fault.Backend, fault.Connect, fault.Refused)(e) || e.Fault.Kind == fault.NoHealthy &&
			refused(c.Traffic.ReasonAt(e)))
	}), func(e *traffic.Event) string { return e.Settings })
	for _, s := range settings {
		events := groups[s]
		before, now, last, ok := portChanged(c, s, events[0].Start)
		if !ok || len(events) < 3 {
			continue
		}
		f := c.Claim("i-wrong-port", events, inference.ScopeOf(events),
			inference.ConfidenceOf(events[0].Start.Sub(last) < inference.Lasting))
		f.AddEvidence("access-log",
			fmt.Sprintf("the members answered at port %d until %s; from %s on the gateway tries port %d, and every one of them refuses",
				before, units.Stamp(last), units.Stamp(events[0].Start), now), events...)
		if f.Confidence == report.High {
			f.RuleOut("b-refused", "they all refuse since the port was changed, and not before")
			f.SetExpected("gateway", len(events), len(events), "exact", "at the former port they answered")
		} else { // no requests for a while: they may have been stopped in it
			f.AddOpenRivals("b-refused")
			f.SetExpected("gateway", 0, len(events), "bounded", "at the former port they answered, if they still run")
		}
		c.Expand(map[string]string{"address": inference.Address(events), "port": fmt.Sprint(before)}, f)
	}
}

// refused reports whether a member was taken out because it refuses connections.
func refused(c health.Change) bool { return c.Reason == "tcp_connect" && c.Code == "ECONNREFUSED" }

// portChanged is the port at which the members under settings answered before a time, and another one at which the same
// gateway has tried them since, without an answer; last is when one answered at the first.
func portChanged(c *inference.Case, settings string, since time.Time) (before, now uint16, last time.Time, changed bool) {
	answered, asked := map[netip.Addr]uint16{}, map[netip.Addr]uint16{}
	gateways := map[*int]bool{}
	for k, m := range c.Traffic.Members {
		if k.Settings != settings || !k.Server.IsValid() {
			continue
		}
		gateways[m.Gateway] = true
		if m.Answered > 0 {
			if m.Tried.Between(since.Add(stats.BinWidth), c.Traffic.To) > 0 {
				return 0, 0, last, false // still in use
			}
			answered[k.Server.Addr()] = k.Server.Port()
			if at, ok := m.Answers.Before(since.Add(stats.BinWidth)); ok {
				last = units.Later(last, at)
			}
		} else {
			asked[k.Server.Addr()] = k.Server.Port()
		}
	}
	for i := range c.Traffic.Histories {
		if t := &c.Traffic.Histories[i]; t.Settings == settings {
			if at, err := netip.ParseAddrPort(t.Dial); err == nil {
				asked[at.Addr()] = at.Port()
			}
		}
	}
	for addr, port := range asked {
		if before = answered[addr]; before == 0 || before == port {
			return 0, 0, last, false
		}
		now = port
	}
	return before, now, last, now != 0 && len(gateways) == 1
}
