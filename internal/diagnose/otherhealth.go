package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/inference"
	"causeway/internal/report"
	"causeway/internal/units"
)

// A report of backend health of another time than the failures shows how members were at its own time. Members that were
// down then may have been up when requests failed, and down for another reason.

// reportTime is the latest time in the report of health; probed means that it is the time of the last probes, and
// not merely when something last changed.
func reportTime(c *inference.Case) (at time.Time, probed bool) {
	for i := range c.Traffic.Histories {
		t := &c.Traffic.Histories[i]
		if x := t.Now.Causeway; x != nil {
			if last, err := time.Parse(time.RFC3339Nano, x.LastProbe); err == nil {
				at, probed = units.Later(at, last), true
			}
		}
		if n := len(t.Changes); n > 0 {
			at = units.Later(at, t.Changes[n-1].At)
		}
	}
	return at, probed
}

// healthApart says how far the report of health is from a span of time, by more than its probes take to notice anything;
// empty if it is not, or if its history covers that time.
func healthApart(c *inference.Case, s report.Scope, from, to time.Time) string {
	at, probed := reportTime(c)
	slack := c.Probing(s.Settings).TakesOut()
	switch {
	case from.IsZero() || !probed:
		return ""
	case from.Sub(at) > slack:
		return fmt.Sprintf("of %s, %s before", units.Stamp(at), roughly(from.Sub(at)))
	case at.Sub(to) > slack && !historyOf(c, s, from):
		return fmt.Sprintf("of %s, %s after", units.Stamp(at), roughly(at.Sub(to)))
	}
	return ""
}

// historyOf reports whether the history of a member within the scope reaches back to a time.
func historyOf(c *inference.Case, s report.Scope, when time.Time) bool {
	return slices.ContainsFunc(c.Traffic.Histories, func(t health.History) bool {
		_, known := t.At(when)
		return known && holds(s, t.Pool, t.Settings, t.Member)
	})
}

// holds reports whether a place is within the scope.
func holds(s report.Scope, pool, settings, member string) bool {
	return (s.Pool == "" || strings.EqualFold(s.Pool, pool)) && (s.Settings == "" || strings.EqualFold(s.Settings, settings)) &&
		(s.Member == "" || s.Member == member)
}

// doubtHealth takes the last of the confidence from findings that rest on a report of health which is of another time than
// their failures, and says so.
func doubtHealth(c *inference.Case) {
	for _, f := range c.Findings {
		if !slices.ContainsFunc(f.Evidence, func(e report.Evidence) bool { return e.Source == "backend-health" }) {
			continue
		}
		from, to := timesOf(c, f)
		apart := healthApart(c, f.Scope, from, to)
		if apart == "" {
			continue
		}
		if f.Confidence == report.High {
			f.Confidence = report.Medium
		}
		f.AddEvidence("backend-health", "the report of health is "+apart+" these failures: it is taken as the state then")
		c.Assume("backend health is " + besideRecords(c, apart) + ": it is taken as the state then")
	}
}

// timesOf is the time between the first and the last failure of a finding.
func timesOf(c *inference.Case, f *inference.Finding) (from, to time.Time) {
	for _, e := range c.Traffic.Events {
		if c.CauseOf(e) != f.Cause && f.Contributing == 0 || !holds(f.Scope, e.Pool, e.Settings, e.Member) {
			continue
		}
		if from.IsZero() || e.Start.Before(from) {
			from = e.Start
		}
		to = units.Later(to, e.At)
	}
	return from, to
}

// besideRecords is the same of all records, if the report of health is outside of their time.
func besideRecords(c *inference.Case, apart string) string {
	switch at, _ := reportTime(c); {
	case at.Before(c.Traffic.From):
		return fmt.Sprintf("of %s, %s before the first record", units.Stamp(at), roughly(c.Traffic.From.Sub(at)))
	case at.After(c.Traffic.To):
		return fmt.Sprintf("of %s, %s after the last record", units.Stamp(at), roughly(at.Sub(c.Traffic.To)))
	}
	return apart + " failures that it is taken to explain"
}

// roughly writes a long time in the unit in which people would say it.
func roughly(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.0f days", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return units.Seconds(d)
}
