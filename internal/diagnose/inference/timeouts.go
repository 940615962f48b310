package inference

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// TimedOutGroup is the requests of one route, or of several rare ones, that waited for the whole request timeout.
type TimedOutGroup struct {
	Events  []*traffic.Event
	Route   *traffic.RouteStats // answers on the same route
	Scope   report.Scope
	Limit   time.Duration // request timeout; 0: not known
	Assumed bool          // Limit was taken from where the failures lie
}

// TimedOutGroups are the timeouts that no cause has claimed, by route; routes with few of them form one group.
func (c *Case) TimedOutGroups() []TimedOutGroup {
	keys, groups := traffic.GroupBy(c.Unclaimed(traffic.IsTimeout), (*traffic.Event).Route)
	var out []TimedOutGroup
	var few []*traffic.Event
	for _, k := range keys {
		if len(groups[k]) < stats.MinEvents {
			few = append(few, groups[k]...)
			continue
		}
		out = append(out, c.timedOutGroup(groups[k], c.Traffic.Route(k), report.Scope{
			Pool:     groups[k][0].Pool,
			Settings: k.Settings,
			Path:     k.Path,
		}))
	}
	settings, byName := traffic.GroupBy(few, func(e *traffic.Event) string { return e.Settings })
	for _, s := range settings {
		out = append(out, c.timedOutGroup(byName[s], c.Traffic.RoutesOf(s), report.Scope{Pool: byName[s][0].Pool, Settings: s}))
	}
	return out
}

func (c *Case) timedOutGroup(events []*traffic.Event, r *traffic.RouteStats, scope report.Scope) TimedOutGroup {
	if member := ScopeOf(events).Member; member != "" && !slices.ContainsFunc(events, waitedElsewhere) {
		scope.Member = member
	}
	l := TimedOutGroup{Events: events, Route: r, Scope: scope, Limit: c.Traffic.Timeouts[scope.Settings]}
	_, l.Assumed = c.TimeoutNow(scope.Settings)
	if l.Limit == 0 {
		l.Limit = c.timerIn(events)
		l.Assumed = l.Limit > 0
	}
	return l
}

// waitedElsewhere reports whether the gateway tried other members before the one that the event names.
func waitedElsewhere(e *traffic.Event) bool { return e.Visible && e.Tries > 1 }

// timerIn is the timer at which most of the events ended, in whole seconds; 0 if they did not end together.
func (c *Case) timerIn(events []*traffic.Event) time.Duration {
	if len(events) < 3 {
		return 0
	}
	took := traffic.SortedDurations(events, traffic.Lasted)
	timer := traffic.CommonTimer(took)
	if timer == 0 {
		return 0
	}
	why := "there is no gateway document"
	if c.Traffic.Config != nil {
		why = "the log does not say which backend settings of the document they had"
	}
	c.Assume(fmt.Sprintf("the request timeout is %s: %s, and that is where the requests without an answer end", units.Seconds(timer), why))
	return timer
}

// Silence reports whether most events waited while their member answered nothing: then the member was away,
// and no single request was lost.
func (c *Case) Silence(events []*traffic.Event) bool {
	n := 0
	for _, e := range events {
		if c.DuringSilence(e) {
			n++
		}
	}
	return 2*n > len(events)
}

// SeenSilence is silence where the log is exact enough to show it.
func (c *Case) SeenSilence(events []*traffic.Event) bool {
	return c.Silence(events) && !TooCoarse(events)
}

// TooCoarse reports whether most events waited for less than the log's times can show: it has whole seconds.
func TooCoarse(events []*traffic.Event) bool {
	n := 0
	for _, e := range events {
		if from, to := waiting(e); !to.After(from) {
			n++
		}
	}
	return 2*n > len(events)
}

// AnsweredMeanwhile reports whether other requests of the route were answered while most of these waited, an answer for
// each: then these requests were lost, and the route did not stop.
func AnsweredMeanwhile(r *traffic.RouteStats, events []*traffic.Event) bool {
	if r.Answers == nil { // several routes together: their answers are not known one by one
		return false
	}
	spans := AroundEach(events, -stats.BinWidth)
	return 5*Matched(spans, CountWithin(r.Answers, spans), r.Answers.Clock) >= 4*len(events)
}

// roundTimers are the values that people give timers.
var roundTimers = []time.Duration{
	time.Second, 2 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second,
	45 * time.Second,
	60 * time.Second, 90 * time.Second, 100 * time.Second, 120 * time.Second, 180 * time.Second, 240 * time.Second, 300 * time.Second,
	600 * time.Second,
}

// AtRoundTimer finds the round value just after which most events ended, and splits them. Timers fire late by little.
func AtRoundTimer(events []*traffic.Event) (timer time.Duration, at, off []*traffic.Event) {
	for _, t := range roundTimers {
		var in, out []*traffic.Event
		for _, e := range events {
			if d := traffic.Lasted(e); d >= t-5*time.Millisecond && d <= t+max(t/50, 60*time.Millisecond) {
				in = append(in, e)
			} else {
				out = append(out, e)
			}
		}
		if len(in) > len(at) {
			timer, at, off = t, in, out
		}
	}
	return timer, at, off
}

// RanOut reports whether a request certainly waited for the whole request timeout: that of the document or, without one,
// by error_info.
func (c *Case) RanOut(e *traffic.Event) bool {
	limit := c.Traffic.Timeouts[e.Settings]
	return traffic.IsTimeout(e) && !e.Ambiguous && (limit == 0 || traffic.Lasted(e) >= limit-traffic.TimerBand(limit))
}
