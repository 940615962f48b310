// Package inference is what analyzers work with: a Case holds the traffic, hands out the failures that no cause has claimed
// yet, and collects findings. Whatever more than one analyzer needs to conclude lives here.
package inference

import (
	"slices"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/sizing"
)

// Case is what analyzers work on. Each claims the events that its mechanism explains; the case does not offer those
// to the next, so that a failure has one cause at most.
type Case struct {
	Traffic *traffic.Summary

	Findings    []*Finding
	Open        []Suspicion
	Savings     []Saving                  // of the what-if
	causes      map[*traffic.Event]string // of claimed events; empty: left undetermined
	Assumptions []string
	moves       map[traffic.PoolKey]*Move // computed so far, by pool; nil: its member did not move
	sized       *sizing.Report            // the sizing of the load, once computed
	Ordered     []*traffic.Bucket         // the time series in order, once computed
}

// Suspicion is what an undetermined group of events might be.
type Suspicion struct {
	Events []*traffic.Event
	Rivals []string
	Next   string
}

// NewCase is a case without claims, about a summary that no longer changes.
func NewCase(t *traffic.Summary) *Case {
	return &Case{Traffic: t, Assumptions: slices.Clone(t.Assumptions)}
}

// Assume notes what the diagnosis takes for granted without evidence; each text once.
func (c *Case) Assume(text string) {
	if !slices.Contains(c.Assumptions, text) {
		c.Assumptions = append(c.Assumptions, text)
	}
}

// Unclaimed are the events that no cause has claimed and that want keeps, in order of time.
func (c *Case) Unclaimed(want func(*traffic.Event) bool) []*traffic.Event {
	var out []*traffic.Event
	for _, e := range c.Traffic.Events {
		if _, claimed := c.causes[e]; !claimed && want(e) {
			out = append(out, e)
		}
	}
	return out
}

// Claim takes events for a cause, and adds its finding. Events must not be empty, and id must be in the catalogue.
func (c *Case) Claim(id string, events []*traffic.Event, scope report.Scope, confidence string) *Finding {
	c.mark(events, id)
	f := newFinding(id, events, scope, confidence)
	f.Failures = CountVisible(events)
	f.Recovered = len(events) - f.Failures
	c.Findings = append(c.Findings, f)
	return f
}

// Note names a cause that has a part in failures, or in none yet, which are counted under another.
func (c *Case) Note(id string, events []*traffic.Event, scope report.Scope, confidence string) *Finding {
	f := newFinding(id, events, scope, confidence)
	f.Contributing = len(events)
	c.Findings = append(c.Findings, f)
	return f
}

// Existing is the finding of a cause under the same pool and settings, whatever the member; nil if there is none.
func (c *Case) Existing(id string, scope report.Scope) *Finding {
	for _, f := range c.Findings {
		if f.Cause == id && f.Scope.Settings == scope.Settings && f.Scope.Pool == scope.Pool {
			return f
		}
	}
	return nil
}

// mark notes the cause of events; an empty id leaves them undetermined.
func (c *Case) mark(events []*traffic.Event, id string) {
	if c.causes == nil {
		c.causes = map[*traffic.Event]string{}
	}
	for _, e := range events {
		if id != "" || c.causes[e] == "" {
			c.causes[e] = id
		}
	}
}

// CauseOf is the id of the cause that claimed an event; empty if none did.
func (c *Case) CauseOf(e *traffic.Event) string { return c.causes[e] }

// EventsOf are the events that the given causes have claimed, in order of time.
func (c *Case) EventsOf(ids ...string) []*traffic.Event {
	var out []*traffic.Event
	for _, e := range c.Traffic.Events {
		if slices.Contains(ids, c.causes[e]) {
			out = append(out, e)
		}
	}
	return out
}

// ClaimMore takes events for a cause, and extends the finding of that cause if there is one.
func (c *Case) ClaimMore(id string, events []*traffic.Event, scope report.Scope, confidence string) *Finding {
	f := c.Existing(id, scope)
	if f == nil {
		return c.Claim(id, events, scope, confidence)
	}
	c.mark(events, id)
	visible := CountVisible(events)
	f.Events = append(slices.Clip(f.Events), events...)
	f.Failures, f.Recovered = f.Failures+visible, f.Recovered+len(events)-visible
	if f.Scope.Member, f.Scope.Path = keep(f.Scope.Member, scope.Member), keep(f.Scope.Path, scope.Path); f.Scope.Member == "" {
		f.Generalise()
	}
	for i := range f.Fixes {
		if x := &f.Fixes[i].Expected; x.Basis == "unknown" {
			x.Removes[1] += len(events)
		} else if x.Removes[0] == x.Removes[1] {
			x.Removes = [2]int{x.Removes[0] + len(events), x.Removes[1] + len(events)}
		} else {
			x.Removes[1] += len(events)
		}
	}
	return f
}

// Suspect leaves events undetermined, with the causes that they may have, the likeliest first, and what to do next.
func (c *Case) Suspect(events []*traffic.Event, next string, rivals ...string) {
	c.Open = append(c.Open, Suspicion{Events: events, Rivals: unique(rivals), Next: next})
	c.mark(events, "")
}

// unique are the values of a list, each where it is first.
func unique(list []string) (out []string) {
	for _, x := range list {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// CountVisible counts the events that a client saw; retries hid the rest.
func CountVisible(events []*traffic.Event) int {
	n := 0
	for _, e := range events {
		if e.Visible {
			n++
		}
	}
	return n
}

// Extrapolate estimates how many failures a number of those in the sample stands for, to compare them with answers, which are all
// counted.
func (c *Case) Extrapolate(n int) int { return n << c.Traffic.Sample.Shift }

// Saving is a what-if saving with the events that it removes.
type Saving struct {
	report.Saving
	Sure  []*traffic.Event // removed for certain
	Maybe []*traffic.Event // removed perhaps, including Sure
}
