package probes

import (
	"fmt"
	"slices"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// GreenProbeRedTraffic recognises a-green-probe-red-traffic: the probe is content while users meet errors.
var GreenProbeRedTraffic = inference.Analyzer{
	Name: "a-green-probe-red-traffic", Requires: inference.Log | inference.Document | inference.Health,
	Doc: "a member answers most requests with errors for longer than its probes need to take it out, and stays healthy, because they ask for something else",
	Run: greenProbe,
}

// greenProbe: the page of the probe is well while those of users are not. It is a remark on failures that the member
// is to blame for: the probe lets them go on.
func greenProbe(c *inference.Case) {
	settings, groups := traffic.GroupBy(failedWith(c, fault.Status), func(e *traffic.Event) string { return e.Settings })
	for _, s := range settings {
		var red []*traffic.Event
		proven := true
		members, byMember := traffic.GroupBy(groups[s], (*traffic.Event).Key)
		for _, k := range members {
			if events := byMember[k]; mostlyFails(c, k, events) && alwaysFails(c, events) && asksElse(c, events) {
				if green, known := stayedUp(c, events); green {
					red, proven = append(red, events...), proven && known
				}
			}
		}
		if len(red) > 0 {
			contentProbe(c, s, red, proven)
		}
	}
}

func contentProbe(c *inference.Case, settings string, red []*traffic.Event, proven bool) {
	p, t := c.Probing(settings), c.Traffic.HistoryOf(red[0])
	id := "a-green-probe-red-traffic"
	if n := receivedIn(t); n >= 300 && n < 400 {
		id = "a-probe-redirect-trap"
	}
	f := c.Note(id, red, inference.ScopeOf(red), inference.ConfidenceOf(proven))
	f.AddEvidence("access-log",
		fmt.Sprintf("most requests were answered with an error for %s; the probes would have taken a member out within %s",
			units.Seconds(red[len(red)-1].At.Sub(red[0].Start)), units.Seconds(p.TakesOut())), red...)
	f.AddEvidence("configuration", fmt.Sprintf("the probe asks for %s; users ask for %s", p.Path, red[0].Path))
	if n := receivedIn(t); n > 0 {
		when := "Up all the time"
		if !proven {
			when = "Up now"
		}
		f.AddEvidence("backend-health", fmt.Sprintf("%s: %s; the last probe got %d", t.Member, when, n))
	}
	if !proven {
		f.AddEvidence("backend-health",
			"the report is of one moment: UnhealthyHostCount of those minutes tells whether the member was healthy all the time")
		f.AddOpenRivals("a-fast-readmit", "a-flap-threshold")
	}
	f.SetExpected("backend", 0, len(red), "unknown",
		"a probe that sees what users see takes a broken member out; whether another is well is not in the evidence")
	c.Expand(map[string]string{}, f)
}

// failedWith are all failures for which a member is to blame, whichever cause claimed them.
func failedWith(c *inference.Case, kind fault.Kind) []*traffic.Event {
	var out []*traffic.Event
	for _, e := range c.Traffic.Events {
		if e.Tried && e.Visible && e.Fault.Side == fault.Backend && e.Fault.Kind == kind && e.Status >= 500 &&
			!slices.Contains([]string{"a-fast-readmit", "a-not-ready-yet", "g-shed-503"}, c.CauseOf(e)) {
			out = append(out, e)
		}
	}
	return out
}

// mostlyFails reports whether most attempts on a member failed for longer than its probes need to take it out.
func mostlyFails(c *inference.Case, k traffic.MemberKey, events []*traffic.Event) bool {
	first, last := events[0].Start, events[len(events)-1].Start
	tried := c.Traffic.Member(k).Tried.Between(first, last)
	return len(events) >= 2*stats.MinEvents && 2*len(events)<<c.Traffic.Sample.Shift > tried &&
		last.Sub(first) > c.Probing(k.Settings).TakesOut()
}

// asksElse reports whether the path of the probe is none of those that failed.
func asksElse(c *inference.Case, events []*traffic.Event) bool {
	path := traffic.Template([]byte(c.Probing(events[0].Settings).Path))
	for _, e := range events {
		if e.Path == path {
			return false
		}
	}
	return true
}

// stayedUp reports whether the member was healthy during its failures, and whether that is known of all the time.
func stayedUp(c *inference.Case, events []*traffic.Event) (up, known bool) {
	t := c.Traffic.HistoryOf(events[0])
	if t == nil || !t.IsUp() {
		return false, false
	}
	if len(t.Changes) == 0 { // a report of one moment covers failures that go on
		if healthy, known := c.HealthyThroughout(events[0].Pool, events[0].Settings, events[0].Start, events[len(events)-1].At); known {
			return healthy, true
		}
		return c.Traffic.To.Sub(events[len(events)-1].At) < c.Probing(t.Settings).TakesOut(), false
	}
	first, last := events[0].Start, events[len(events)-1].At
	change, known := t.At(first)
	_, down := t.WentDown(first, last)
	return known && change.Up && !down, true
}

// alwaysFails reports whether hardly a request on the same routes was answered well meanwhile. A member that serves some and
// turns others away has more to do than it can; a probe that fails with them would take it out, and leave the rest to do more.
func alwaysFails(c *inference.Case, events []*traffic.Event) bool {
	first, last := events[0].Start, events[len(events)-1].At
	routes, _ := traffic.GroupBy(events, (*traffic.Event).Route)
	well, ill := 0, 0
	for _, k := range routes {
		well += c.Traffic.Route(k).Answers.Between(first, last)
	}
	for _, e := range c.Traffic.Events { // of all members, as the answers of a route are
		if e.Attempt.Status >= 500 && slices.Contains(routes, e.Route()) && !e.At.Before(first) && !e.At.After(last) {
			ill += 1 << c.Traffic.Sample.Shift
		}
	}
	return 20*max(0, well-ill) <= ill
}
