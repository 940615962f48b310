package connections

import (
	"fmt"
	"math"
	"slices"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/stats"
)

// BackendConnLimit recognises c-backend-conn-limit: the member has a limit on connections.
var BackendConnLimit = inference.Analyzer{
	Name: "c-backend-conn-limit", Requires: inference.Trace,
	Doc: "the member ends new connections at once when a number of requests or more are in progress there, and hardly ever when fewer are; reused ones work meanwhile",
	Run: tooManyConnections,
}

// tooManyConnections: the member takes so many connections and ends what comes beyond them. A connection is made only when all
// others are busy, so that the requests in progress are about the connections open.
func tooManyConnections(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(turnedAway), (*traffic.Event).Key)
	for _, k := range keys {
		var events []*traffic.Event
		above, below, again := 0, 0, false
		places, byPlace := traffic.GroupBy(groups[k], (*traffic.Event).ConcurrencyKey)
		for _, at := range places {
			if more, less, ok := limited(c, at, byPlace[at]); ok {
				events, above, below = append(events, byPlace[at]...), above+more, below+less
				again = again || workAgain(c.Traffic.Concurrency[at], byPlace[at])
			}
		}
		if len(events) == 0 {
			continue
		}
		f := c.Claim("c-backend-conn-limit", events, inference.ScopeOf(events), inference.ConfidenceOf(again))
		f.AddEvidence("access-log",
			fmt.Sprintf("%s ended %d new connections before an answer, each when the same instance of the gateway had %d or more other requests in progress there", k.Member, len(events), leastActive(events)), events...)
		f.AddEvidence("access-log",
			fmt.Sprintf("of its new connections that worked, %d were made when fewer were in progress, %d when as many or more were",
				below, above))
		f.RuleOut("g-crash-on-input", "the member answers the same routes when less is in progress")
		f.RuleOut("c-restart", "the connections that were busy at those times were not cut")
		if !again {
			f.AddEvidence("access-log",
				"the log shows no new connection that worked after the first of them; whether one does as soon as fewer are open is not in the evidence")
			f.AddOpenRivals("b-source-blocked")
		}
		f.AddOpenRivals("c-accept-queue", "c-syn-limit", "c-middlebox-reset")
		f.SetExpected("backend", len(events), len(events), "bounded", "with a limit above what the gateway opens at its busiest")
		c.Expand(map[string]string{"address": inference.Address(events)}, f)
	}
}

// limited reports whether a member ends new connections of one instance of the gateway by their number: above and below are
// those that worked. What ends connections for another reason does so at any number, ends the busy ones too, ends one kind of
// request and no other, or ends them by how soon they follow upon others.
func limited(c *inference.Case, at traffic.ConcurrencyKey, events []*traffic.Event) (above, below int, ok bool) {
	w, least := c.Traffic.Concurrency[at], leastActive(events)
	if w == nil || len(events) < stats.MinEvents || inference.DistinctSeconds(events) < 3 || least < 2 {
		return 0, 0, false
	}
	above, below = w.Fresh.Split(least)
	ok = 20*above <= len(events) && below >= stats.MinEvents &&
		onTop(len(events), len(events)+above, len(events)+above+below) <= stats.Significance &&
		20*cutMeanwhile(c, events) <= len(events) && 10*attended(c, events) >= 9*len(events) &&
		10*ofRoutesServed(c, events) >= 9*len(events) && 2*rightBefore(w, events) <= len(events)
	return above, below, ok
}

// rightBefore counts the events within a second before which a new connection was made: a limit of their rate lets some
// through whenever it ends others.
func rightBefore(w *traffic.Concurrency, events []*traffic.Event) int {
	n := 0
	for _, e := range events {
		if w.Made.Between(e.Start.Add(stats.BinWidth-time.Second), e.Start) > 0 {
			n++
		}
	}
	return n
}

// workAgain reports whether new connections work between the events: something that lets none through any more is no limit.
func workAgain(w *traffic.Concurrency, events []*traffic.Event) bool {
	return w.Made.Between(events[0].Start.Add(stats.BinWidth), events[len(events)-1].Start.Add(-stats.BinWidth)) > 0
}

// ofRoutesServed counts the events whose route has answers too.
func ofRoutesServed(c *inference.Case, events []*traffic.Event) int {
	return len(traffic.Filter(events, func(e *traffic.Event) bool { return c.Traffic.Route(e.Route()).Answered >= stats.MinEvents }))
}

// turnedAway matches a new connection that the member ended before it answered on it.
func turnedAway(e *traffic.Event) bool {
	closed := e.Fault.Kind == fault.Closed || e.Fault.Kind == fault.Reset
	return e.Own && !e.Attempt.Reused && (e.ClosedUnanswered() || e.Tried && e.Fault.Phase == fault.TLS && closed)
}

func leastActive(events []*traffic.Event) int {
	least := traffic.MaxLevel
	for _, e := range events {
		least = min(least, e.Attempt.Active)
	}
	return least
}

// cutMeanwhile counts connections that had carried requests before, and that the same member cut within a second of
// one of the events.
func cutMeanwhile(c *inference.Case, events []*traffic.Event) int {
	n, k := 0, events[0].Key()
	for _, e := range c.Traffic.Events {
		if e.Own && e.Attempt.Reused && e.Key() == k && inference.BrokeUnderRequest(e) && beside(events, e.At, time.Second) {
			n++
		}
	}
	return n
}

// attended counts the events within a second of which their member gave answers.
func attended(c *inference.Case, events []*traffic.Event) int {
	n := 0
	for _, e := range events {
		if c.Traffic.Member(e.Key()).Answers.Between(e.At.Add(-time.Second/2), e.At.Add(time.Second/2)) > 0 {
			n++
		}
	}
	return n
}

// beside reports whether one of the events, in order of time, was within a time of a moment.
func beside(events []*traffic.Event, at time.Time, within time.Duration) bool {
	i, _ := slices.BinarySearchFunc(events, at.Add(-within), func(e *traffic.Event, t time.Time) int { return e.At.Compare(t) })
	return i < len(events) && !events[i].At.After(at.Add(within))
}

// onTop is the chance that n things are all among the highest k of all by accident (hypergeometric), corrected for the
// level being one of those that were met.
func onTop(n, k, all int) float64 {
	logChance := 0.0
	for i := range n {
		logChance += math.Log(float64(k-i)) - math.Log(float64(all-i))
	}
	return min(1, math.Exp(logChance)*float64(all))
}
