package capacity

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// Shed503 recognises g-shed-503: the backend refuses on purpose.
var Shed503 = inference.Analyzer{
	Name: "g-shed-503", Requires: inference.Log,
	Doc: "the backend answers 503 sooner than it can have tried, and does so when much traffic comes or much is in progress there, while it serves others on the same route",
	Run: shed,
}

// shed: the backend refuses on purpose what it could not serve in time. It does so whenever as much comes, or is in progress,
// and not for a while only; and a full member still serves such requests, while a broken one serves none.
func shed(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return e.Fault.Kind == fault.Status && e.Status == 503 && e.Attempt.Status == 503
	}),
		func(e *traffic.Event) string { return e.Settings })
	for _, k := range keys {
		events := groups[k]
		quick, within := atOnce(c, events)
		if len(events) < stats.MinEvents || 10*quick < 9*len(events) {
			continue
		}
		t, w := c.WithLoad(events), c.WithConcurrency(events)
		did, busy := c.AsBusy(events, inference.Load)
		byLoad := t.Rises() && 2*did >= busy && 5*servedBeside(c, events, time.Minute/2) >= 4*len(events)
		byWork := w.Rises() && w.Served < w.Refused && 5*servedBeside(c, events, time.Second/2) >= 4*len(events)
		if !byLoad && !byWork {
			continue
		}
		f := c.Claim("g-shed-503", events, inference.ScopeOf(events), inference.ConfidenceOf(byLoad || w.N >= stats.MinEvents))
		f.AddEvidence("access-log",
			fmt.Sprintf("%d × 503 from the backend itself, %d of them within %s, about as soon as its quickest answers or sooner%s",
				len(events), quick, units.Seconds(within), asking(events)), events...)
		if byLoad {
			f.AddEvidence("access-log",
				fmt.Sprintf("%d of %d moments at which it did so were in the busier half of the traffic (%.0f requests a second at the top, %.0f at the bottom); of %d moments that were as busy it did so in %d", t.Upper, t.N, t.High, t.Low, busy, did))
		}
		if byWork {
			f.AddEvidence("access-log",
				fmt.Sprintf("in %d of %d seconds in which it did so, it did when an instance of the gateway had %d or more other requests in progress at the member, and never when fewer were; %s of what it served came then", w.Above, w.N, w.Level, units.Percent(w.Served, w.All)))
		}
		f.RuleOut("g-dependency-down", "a dependency that fails does so whatever the load")
		f.AddRivals("k-chained-proxy")
		f.AddOpenRivals("g-retry-storm")
		f.SetExpected("backend", 0, len(events), "bounded", "with more capacity, or a higher limit")
		c.Expand(map[string]string{"address": inference.Address(events)}, f)
	}
}

// atOnce counts the refusals that came sooner than a handler of their member can have tried, and says how soon that is.
func atOnce(c *inference.Case, events []*traffic.Event) (n int, within time.Duration) {
	for _, e := range events {
		limit, took := c.Traffic.Member(e.Key()).FastFor(), e.Attempt.Wait
		if took < 0 {
			took = traffic.Lasted(e)
		}
		if within = max(within, limit); took <= limit {
			n++
		}
	}
	return n, within
}

// servedBeside counts the refusals within a time of which the same route was served, as far as the times of the
// log are exact.
func servedBeside(c *inference.Case, events []*traffic.Event, within time.Duration) int {
	n := 0
	_, byRoute := traffic.GroupBy(events, (*traffic.Event).Route)
	for k, same := range byRoute {
		r := c.Traffic.Routes[k]
		for _, e := range same {
			around := within + e.Resolution()
			from, to := e.At.Add(-around), e.At.Add(around)
			if r != nil && r.Answers.Between(from, to) > c.Extrapolate(eventsBetween(c.Traffic.Clock, same, from, to)) {
				n++
			}
		}
	}
	return n
}

// eventsBetween counts those of a list, in order of time, that ticks would have between two moments.
func eventsBetween(c *stats.Clock, list []*traffic.Event, from, to time.Time) int {
	number := func(e *traffic.Event, n int64) int { return cmp.Compare(c.Number(e.At), n) }
	first, _ := slices.BinarySearchFunc(list, c.Number(from), number)
	end, _ := slices.BinarySearchFunc(list, c.Number(to)+1, number)
	return end - first
}

// asking counts the answers that ask the client to wait.
func asking(events []*traffic.Event) string {
	n := 0
	for _, e := range events {
		if e.Attempt.RetryAfter >= 0 {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %d ask to come back later (Retry-After)", n)
}
