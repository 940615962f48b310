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

// TimedOutGroup is requests that waited for the whole request timeout, of the routes that are alike in it.
type TimedOutGroup struct {
	Events  []*traffic.Event
	Routes  []*traffic.RouteStats // of the events
	Route   *traffic.RouteStats   // answers on these routes; of several: only their number and their times
	Scope   report.Scope
	Limit   time.Duration // request timeout; 0: not known
	Assumed bool          // Limit was taken from where the failures lie
}

// Has reports whether the group has timeouts of a route.
func (l *TimedOutGroup) Has(r *traffic.RouteStats) bool { return slices.Contains(l.Routes, r) }

// Near is how many answers came in the last third before the timer. Where the gateway waits twice, those that took longer than the
// timer are of the second wait.
func (l *TimedOutGroup) Near() int {
	if l.WaitedTwice() {
		return l.Route.Waits.Between(l.Limit*2/3, l.Limit)
	}
	return l.Route.LastThird(l.Limit)
}

// WaitedTwice reports whether most requests took twice the request timeout in a log that does not list attempts.
func (l *TimedOutGroup) WaitedTwice() bool {
	n := 0
	for _, e := range l.Events {
		if e.Tries <= 1 && l.Limit > 0 && (e.Taken-2*l.Limit).Abs() <= traffic.TimerBand(l.Limit) && 2*e.Taken > 3*l.Limit {
			n++
		}
	}
	return 2*n > len(l.Events)
}

// TimedOutGroups are the timeouts that no cause has claimed, by backend settings. A route is a group of its own where it differs from the
// others: it has more timeouts than its share of the requests explains, or more or fewer answers just before the timer than they have.
func (c *Case) TimedOutGroups() []TimedOutGroup {
	var out []TimedOutGroup
	settings, groups := traffic.GroupBy(c.Unclaimed(traffic.IsTimeout), func(e *traffic.Event) string { return e.Settings })
	for _, s := range settings {
		keys, byRoute := traffic.GroupBy(groups[s], (*traffic.Event).Route)
		apart := c.routesApart(s, keys, byRoute)
		var alike []*traffic.Event
		for _, k := range keys {
			if apart[k] {
				out = append(out, c.timedOutGroup(byRoute[k]))
			} else {
				alike = append(alike, byRoute[k]...)
			}
		}
		if len(alike) > 0 {
			traffic.SortByTime(alike)
			out = append(out, c.timedOutGroup(alike))
		}
	}
	slices.SortStableFunc(out, func(a, b TimedOutGroup) int { return len(b.Events) - len(a.Events) })
	return out
}

// otherwise is how many times as often a route must time out as the others, or have as many or as few answers just before the timer for
// each that does, before it is another matter: in a large log the least difference is no accident.
const otherwise = 3

// routesApart finds the routes under settings that differ from the others in how often they time out, or in how many answers come in the
// last third before the timer for each that does not.
func (c *Case) routesApart(settings string, keys []traffic.RouteKey, timedOut map[traffic.RouteKey][]*traffic.Event) (
	apart map[traffic.RouteKey]bool,
) {
	apart = map[traffic.RouteKey]bool{}
	if len(keys) < 2 {
		return apart
	}
	asked := map[traffic.RouteKey]int{}
	for k, r := range c.Traffic.Routes {
		if k.Settings == settings {
			asked[k] = r.Answered + r.Broken
		}
	}
	all, failed := 0, 0
	for k, n := range asked {
		all, failed = all+n, failed+len(timedOut[k])
	}
	for _, s := range StandsOut(asked, timedOut) {
		n := len(timedOut[s.Key])
		apart[s.Key] = n >= stats.MinEvents && n*(all-asked[s.Key]) >= otherwise*asked[s.Key]*(failed-n)
	}
	near, late := map[traffic.RouteKey]int{}, map[traffic.RouteKey]int{}
	allNear, allLate := 0, 0
	for _, k := range keys {
		if !apart[k] {
			near[k] = c.Traffic.Route(k).LastThird(c.Traffic.Timeouts[settings])
			late[k] = c.Extrapolate(len(timedOut[k]))
			allNear, allLate = allNear+near[k], allLate+late[k]
		}
	}
	for k := range near {
		share := float64(allNear) / float64(allNear+allLate)
		n := near[k] + late[k]
		chance := min(stats.BinomialTail(near[k], n, share), stats.BinomialTail(late[k], n, 1-share))
		here, there := near[k]*(allLate-late[k]), late[k]*(allNear-near[k])
		if late[k] >= stats.MinEvents && chance*float64(2*len(near)) < stats.Significance &&
			max(here, there) >= otherwise*min(here, there) {
			apart[k] = true
		}
	}
	return apart
}

func (c *Case) timedOutGroup(events []*traffic.Event) TimedOutGroup {
	l := TimedOutGroup{Events: events, Scope: ScopeOf(events)}
	if slices.ContainsFunc(events, waitedElsewhere) {
		l.Scope.Member = ""
	}
	keys, _ := traffic.GroupBy(events, (*traffic.Event).Route)
	for _, k := range keys {
		l.Routes = append(l.Routes, c.Traffic.Route(k))
	}
	l.Route = traffic.TogetherOf(l.Routes)
	if l.Limit = c.Traffic.Timeouts[l.Scope.Settings]; l.Limit == 0 {
		l.Limit = c.timerIn(events)
		l.Assumed = l.Limit > 0
		return l
	}
	_, l.Assumed = c.TimeoutNow(l.Scope.Settings)
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
	if TooCoarse(events) {
		return !c.AnsweredAsEver(events)
	}
	n := 0
	for _, e := range events {
		if c.DuringSilence(e) {
			n++
		}
	}
	return 2*n > len(events)
}

// AnsweredAsEver reports whether members answered about as much in the seconds in which requests waited in vain as at other times. Of
// waits that are shorter than a log's seconds can show this is what tells: a member that stood still through them would have answered less.
func (c *Case) AnsweredAsEver(events []*traffic.Event) bool {
	keys, groups := traffic.GroupBy(events, (*traffic.Event).Key)
	seen, usual := 0, 0.0
	for _, k := range keys {
		m, seconds := c.Traffic.Member(k), map[int64]bool{}
		for _, e := range groups[k] {
			for t := e.At.Add(-traffic.Lasted(e)).Unix(); t <= e.At.Unix(); t++ {
				seconds[t] = true
			}
		}
		for t := range seconds {
			from := time.Unix(t, 0)
			seen += m.Answers.Between(from, from.Add(time.Second-stats.BinWidth))
		}
		usual += float64(m.Answered) * float64(len(seconds)) / max(1, c.Traffic.To.Sub(c.Traffic.From).Seconds())
	}
	return usual >= traffic.EnoughAnswers && 5*float64(seen) >= 4*usual
}

// SeenSilence is silence where the log is exact enough to show it.
func (c *Case) SeenSilence(events []*traffic.Event) bool {
	return !TooCoarse(events) && c.Silence(events)
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

// AnsweredMeanwhile reports whether other requests of the same routes were answered while nearly all of these waited: then these
// requests were lost, and the routes did not stop. One answer in the midst of many failures proves little, so there must be half as many.
func (c *Case) AnsweredMeanwhile(l *TimedOutGroup) bool {
	beside, spans, routes := 0, AroundEach(l.Events, -stats.BinWidth), l.busiest()
	for _, s := range spans {
		if slices.ContainsFunc(routes, func(r *traffic.RouteStats) bool { return r.Answers.Between(s.from, s.to) > 0 }) {
			beside++
		}
	}
	matched := 0
	for _, r := range routes {
		matched += Matched(spans, CountWithin(r.Answers, spans), c.Traffic.Clock)
	}
	if TooCoarse(l.Events) { // the spans may be off by a second
		return c.AnsweredAsEver(l.Events) && 2*l.Route.Answered >= len(l.Events) && 2*beside >= len(l.Events)
	}
	return 5*beside >= 4*len(l.Events) && 2*matched >= len(l.Events)
}

// enoughRoutes is how many routes answer for a group: where the busiest of them do not, thousands of others hardly will.
const enoughRoutes = 32

// busiest are the routes of the group with the most answers.
func (l *TimedOutGroup) busiest() []*traffic.RouteStats {
	list := slices.SortedStableFunc(slices.Values(l.Routes), func(a, b *traffic.RouteStats) int { return b.Answered - a.Answered })
	return list[:min(len(list), enoughRoutes)]
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
