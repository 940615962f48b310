package clients

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/units"
)

// ClientRstMidDownload recognises j-client-rst-mid-download: clients broke downloads off.
var ClientRstMidDownload = inference.Analyzer{
	Name: "j-client-rst-mid-download", Requires: inference.Trace,
	Doc: "the client's connection ended while the answer was being delivered, and the member had sent everything so far",
	Run: clientCutsDownload,
}

// clientCutsDownload: the client leaves in the middle of an answer that is on its way.
func clientCutsDownload(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		return e.Own && e.Fault.Side == fault.Client && !c.FromMember(e) && e.Fault.Phase == fault.Deliver &&
			(e.Fault.Kind == fault.Closed || e.Fault.Kind == fault.Reset)
	})
	if len(events) == 0 {
		return
	}
	f := c.Claim("j-client-rst-mid-download", events, inference.ScopeOf(events), report.High)
	f.AddEvidence("access-log", fmt.Sprintf("%s ended from the client's side while the answer was being delivered",
		units.Count(len(events), "request", "requests")), events...)
	f.RuleOut("e-short-body", "it was not the member's side that ended")
	f.SetExpected("client", 0, len(events), "unknown", "whether they would have taken the rest is not in the evidence")
	c.Expand(map[string]string{}, f)
}
