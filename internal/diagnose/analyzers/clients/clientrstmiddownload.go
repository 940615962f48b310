package clients

import (
	"fmt"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// ClientRstMidDownload recognises j-client-rst-mid-download: clients broke downloads off.
var ClientRstMidDownload = inference.Analyzer{
	Name: "j-client-rst-mid-download", Requires: inference.Log,
	Doc: "the client's connection ended while the answer was being delivered; on Azure, the gateway logged a client that had left with the status of the member's answer, whose head it had sent on",
	Run: clientCutsDownload,
}

// clientCutsDownload: the client leaves in the middle of an answer that is on its way.
func clientCutsDownload(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		return e.Fault.Side == fault.Client && !c.FromMember(e) && e.Fault.Phase == fault.Deliver &&
			(e.Fault.Kind == fault.Closed || e.Fault.Kind == fault.Reset) && (e.Own || delivered(e))
	})
	if len(events) == 0 || !events[0].Own && len(events) < stats.MinEvents {
		return
	}
	f := c.Claim("j-client-rst-mid-download", events, inference.ScopeOf(events), inference.ConfidenceOf(events[0].Own))
	f.AddEvidence("access-log", fmt.Sprintf("%s ended from the client's side while the answer was being delivered",
		units.Count(len(events), "request", "requests")), events...)
	f.RuleOut("e-short-body", "it was not the member's side that ended")
	if age, in, _ := atOneAge(events); len(in) >= 2*stats.MinEvents && 3*len(in) > 2*len(events) {
		f.AddEvidence("access-log", fmt.Sprintf("%d of them left %s after their request: a timer of theirs, so the delivery was too slow for it",
			len(in), units.Seconds(age)))
		f.AddOpenRivals("j-client-timer-spike")
	}
	if !events[0].Own { // where the time went is not in the log
		f.AddRivals("d-slow-body", "d-ws-sse-idle")
	}
	f.SetExpected("client", 0, len(events), "unknown", "whether they would have taken the rest is not in the evidence")
	c.Expand(map[string]string{}, f)
}

// delivered reports whether more time went into the delivery of an answer than into the wait for it: of clients that leave at once some
// have been sent a head by then.
func delivered(e *traffic.Event) bool {
	return e.Attempt.HeaderTime >= 0 && e.Taken-e.Attempt.HeaderTime > e.Attempt.HeaderTime
}
