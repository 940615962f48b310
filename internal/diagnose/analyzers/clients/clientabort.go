// Package clients holds the analyzers of groups j and k: what clients did, and statuses that only look like the gateway's.
package clients

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

// ClientAbort recognises j-client-abort: clients left before the answer.
var ClientAbort = inference.Analyzer{
	Name: "j-client-abort", Requires: inference.Log,
	Doc: "the client ended its side of the connection before the answer was complete",
	Run: clientLeft,
}

// clientLeft: the client ended the connection first. This comes before anything else, so that no member is blamed for
// a request for which no client waited.
func clientLeft(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		if e.Fault.Side != fault.Client || c.FromMember(e) || !e.Own && e.Fault.Phase == fault.Upload {
			return false
		}
		gone := e.Fault.Kind == fault.Closed || e.Fault.Kind == fault.Reset
		return gone || e.Fault.Phase == fault.Deliver
	})
	events = withoutImpatience(c, events)
	if len(events) == 0 {
		return
	}
	f := c.Claim("j-client-abort", events, inference.ScopeOf(events), report.High)
	waited := traffic.SortedDurations(events, func(e *traffic.Event) time.Duration { return e.Taken })
	f.AddEvidence("access-log",
		fmt.Sprintf("%s ended from the client's side, after %s, as far as the gateway could tell",
			units.Count(len(events), "request", "requests"), waitText(waited)), events...)
	if spread := waited[len(waited)*9/10] - waited[len(waited)/10]; len(waited) >= stats.MinEvents &&
		spread < stats.Quantile(waited, 0.5)/10 {
		f.AddEvidence("access-log", fmt.Sprintf("nearly all of them left after the same time: a timer of the client's, about %s",
			units.Seconds(stats.Quantile(waited, 0.5))))
	}
	if slow := c.Unclaimed(traffic.IsTimeout); len(slow) > 0 {
		f.AddRivals("d-timeout-below-latency")
	}
	f.SetExpected("client", 0, len(events), "unknown", "whether they would have waited for the answer is not in the evidence")
	c.Expand(map[string]string{}, f)
}

// waitText sums up sorted waits, at least one.
func waitText(waited []time.Duration) string {
	longest := units.Seconds(waited[len(waited)-1])
	if len(waited) == 1 {
		return longest
	}
	return fmt.Sprintf("%s in the median and %s at most", units.Seconds(stats.Quantile(waited, 0.5)), longest)
}

// impatient reports whether a client left while it waited longer than any answer of its route had taken: it may have given
// up because the member was slow, and then it is not the client that failed.
func impatient(c *inference.Case, e *traffic.Event) bool {
	r := c.Traffic.Routes[e.Route()]
	return e.Fault.Phase == fault.Wait && e.Tried && r != nil && e.Taken >= inference.Patience && (r.Answered == 0 || e.Taken > r.Slowest())
}

// withoutImpatience sets the impatient ones aside.
func withoutImpatience(c *inference.Case, events []*traffic.Event) (rest []*traffic.Event) {
	var late []*traffic.Event
	for _, e := range events {
		if impatient(c, e) {
			late = append(late, e)
		} else {
			rest = append(rest, e)
		}
	}
	if len(late) > 0 {
		rivals := []string{"d-slow-route", "d-hung", "j-client-abort", "j-client-timer-spike"}
		if !late[0].Own { // the phase is not known
			rivals = append(rivals, "j-client-rst-mid-download")
		}
		c.Suspect(late,
			"these clients waited longer than any answer to such a request took, and left: find out what the member did with these requests before you blame the clients", rivals...)
	}
	return rest
}
