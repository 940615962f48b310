package capacity

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/units"
)

// WAFLatency recognises h-waf-latency: the web application firewall takes the time.
var WAFLatency = inference.Analyzer{
	Name: "h-waf-latency", Requires: inference.Log,
	Doc: "on the slow requests the firewall took most of the time",
	Run: wafLatency,
}

// wafLatency: inspection of large bodies or costly rules makes requests slow that the backend answers at once.
func wafLatency(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool { return e.WAF > 0 && 2*e.WAF > e.Taken })
	if len(events) < 3 {
		return
	}
	f := c.Claim("h-waf-latency", events, report.Scope{}, report.High)
	f.AddEvidence("access-log",
		fmt.Sprintf("the firewall took more than half of the time of %d requests, and up to %s; half of all inspections took %s",
			c.Traffic.WAFSlow, units.Seconds(c.Traffic.WAF.Max), units.Seconds(c.Traffic.WAF.Quantile(0.5))), events...)
	c.Expand(map[string]string{}, f)
}
