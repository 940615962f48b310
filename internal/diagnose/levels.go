package diagnose

import (
	"slices"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// A failure belongs to a finding or to an open group, and each says where its failures lie and what kind they are. The report says the
// same of all that are worth acting on.

// level is the part of the failures that a finding or an open group holds.
type level struct {
	cause      string // empty: open
	confidence string
	events     []*traffic.Event
	kinds      []inference.KindCount
}

// background are causes of failures that every gateway has: clients that leave, and requests that are none.
var background = []string{"j-client-abort", "j-invalid-request", "j-scanner", "j-client-rst-mid-download"}

// alwaysThere reports whether failures are of the sort that every gateway has: those of a few clients, and single errors of members.
func alwaysThere(cause string, failures int) bool {
	return slices.Contains(background, cause) || cause == "k-backend-5xx" && failures < stats.MinEvents
}

// partsOf are the findings and open groups that have failures.
func partsOf(c *inference.Case) (out []level) {
	for _, f := range c.Findings {
		if f.Contributing == 0 && len(f.Events) > 0 {
			out = append(out, level{f.Cause, f.Confidence, f.Events, c.FailureKinds(f.Cause, f.Events)})
		}
	}
	for _, s := range c.Open {
		if len(s.Events) > 0 {
			out = append(out, level{"", report.High, s.Events, c.FailureKinds("", s.Events)})
		}
	}
	return out
}

// worthActing leaves out what is always there, unless there is nothing larger beside it.
func worthActing(parts []level) []level {
	largest := 0
	for _, p := range parts {
		if !alwaysThere(p.cause, len(p.events)) {
			largest = max(largest, len(p.events))
		}
	}
	return slices.DeleteFunc(slices.Clone(parts), func(p level) bool {
		return alwaysThere(p.cause, len(p.events)) && len(p.events) < largest
	})
}

// wholeLevels says where the failures worth acting on lie, and of what kind they are.
func wholeLevels(c *inference.Case, r *report.Report) {
	parts := worthActing(partsOf(c))
	var events []*traffic.Event
	var kinds []inference.KindCount
	confidence := report.High
	for _, p := range parts {
		events, kinds = append(events, p.events...), inference.AddKinds(kinds, p.kinds)
	}
	events = seen(events)
	if len(events) == 0 {
		return
	}
	for _, p := range parts {
		if 2*len(p.events) > len(events) {
			confidence = p.confidence
		}
	}
	traffic.SortByTime(events)
	r.Where = c.Where(events, seen(c.Traffic.Events))
	r.FailureKind = inference.KindLevel(kinds, confidence)
}

// seen are the events that a client saw; where retries hid all, all of them.
func seen(events []*traffic.Event) []*traffic.Event {
	if out := traffic.Filter(events, func(e *traffic.Event) bool { return e.Visible }); len(out) > 0 {
		return out
	}
	return events
}
