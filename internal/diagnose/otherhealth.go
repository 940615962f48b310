package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A report of backend health of another time than the failures tells how members were at its own time. Members that were
// down then may have been up when requests failed, and down for another reason.

// reportTime is the latest time that the report of health knows of; probed says that it is when probes last asked, and
// not merely when something last changed.
func (q *inquiry) reportTime() (at time.Time, probed bool) {
	for i := range q.trails {
		t := &q.trails[i]
		if x := t.now.Causeway; x != nil {
			if last, err := time.Parse(time.RFC3339Nano, x.LastProbe); err == nil {
				at, probed = later(at, last), true
			}
		}
		if n := len(t.changes); n > 0 {
			at = later(at, t.changes[n-1].at)
		}
	}
	return at, probed
}

// healthApart says how far the report of health is from a span of time, by more than its probes take to notice anything;
// empty if it is not, or if its history tells of that time.
func (q *inquiry) healthApart(s Scope, from, to time.Time) string {
	at, probed := q.reportTime()
	slack := q.probing(s.Settings).takesOut()
	switch {
	case from.IsZero() || !probed:
		return ""
	case from.Sub(at) > slack:
		return fmt.Sprintf("of %s, %s before", stamp(at), roughly(from.Sub(at)))
	case at.Sub(to) > slack && !q.historyOf(s, from):
		return fmt.Sprintf("of %s, %s after", stamp(at), roughly(at.Sub(to)))
	}
	return ""
}

// historyOf reports whether the history of a member within the scope reaches back to a time.
func (q *inquiry) historyOf(s Scope, when time.Time) bool {
	return slices.ContainsFunc(q.trails, func(t trail) bool {
		_, known := t.at(when)
		return known && s.holds(t.pool, t.settings, t.member)
	})
}

// holds reports whether a place is within the scope.
func (s Scope) holds(pool, settings, member string) bool {
	return (s.Pool == "" || strings.EqualFold(s.Pool, pool)) && (s.Settings == "" || strings.EqualFold(s.Settings, settings)) && (s.Member == "" || s.Member == member)
}

// doubtHealth takes the last of the confidence from findings that rest on a report of health which is of another time than
// their failures, and says so.
func (q *inquiry) doubtHealth() {
	for _, f := range q.findings {
		if !slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return e.Source == "backend-health" }) {
			continue
		}
		from, to := q.timesOf(f)
		apart := q.healthApart(f.Scope, from, to)
		if apart == "" {
			continue
		}
		if f.Confidence == High {
			f.Confidence = Medium
		}
		f.says("backend-health", "the report of health is "+apart+" these failures: it is taken as the state then")
		q.assume("backend health is " + q.besideRecords(apart) + ": it is taken as the state then")
	}
}

// timesOf is the time between the first and the last failure of a finding.
func (q *inquiry) timesOf(f *finding) (from, to time.Time) {
	for _, e := range q.events {
		if q.causeOf(e) != f.Cause && f.Also == 0 || !f.Scope.holds(e.pool, e.settings, e.member) {
			continue
		}
		if from.IsZero() || e.start.Before(from) {
			from = e.start
		}
		to = later(to, e.at)
	}
	return from, to
}

// besideRecords is the same of all records, if the report of health is outside of their time.
func (q *inquiry) besideRecords(apart string) string {
	switch at, _ := q.reportTime(); {
	case at.Before(q.from):
		return fmt.Sprintf("of %s, %s before the first record", stamp(at), roughly(q.from.Sub(at)))
	case at.After(q.to):
		return fmt.Sprintf("of %s, %s after the last record", stamp(at), roughly(at.Sub(q.to)))
	}
	return apart + " failures that are laid to what it tells"
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
	return seconds(d)
}
