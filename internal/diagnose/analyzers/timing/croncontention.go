package timing

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/report"
	"causeway/internal/stats"
)

// CronContention recognises d-cron-contention: a job at fixed times takes the backend's resources.
var CronContention = inference.Analyzer{
	Name: "d-cron-contention", Requires: inference.Log,
	Doc: "failures come at one minute of the hour, or one hour of the day, in five cycles or more",
	Run: cronContention,
}

// cronContention: something runs at fixed times, and whatever else needs the same resource fails then.
func cronContention(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		return inference.GatewayMade(e) && e.Tried || e.Fault.Kind == "status" || e.Ambiguous
	})
	for _, cycle := range []struct {
		length, window time.Duration
		name           string
	}{{time.Hour, 3 * time.Minute, "hour"}, {24 * time.Hour, 30 * time.Minute, "day"}} {
		if c.Traffic.To.Sub(c.Traffic.From) < 5*cycle.length {
			continue
		}
		phase, in := atPhase(events, cycle.length, cycle.window)
		cycles := map[int64]bool{}
		for _, e := range in {
			cycles[e.Start.UnixNano()/int64(cycle.length)] = true
		}
		if len(in) < 2*stats.MinEvents || 5*len(in) < 4*len(events) || len(cycles) < 5 {
			continue
		}
		share := ShareAtPhase(c, phase, cycle.length, cycle.window)
		if chance := stats.BinomialTail(inference.Independent(in), inference.Independent(events),
			share) * float64(cycle.length/cycle.window); chance >= stats.Significance {
			continue
		}
		if !answeredOutside(c, in, phase, cycle.length, cycle.window) {
			c.Suspect(in,
				fmt.Sprintf("these requests come only at %s to %s after the full %s: send one at another time, and compare", phase,
					phase+cycle.window, cycle.name),
				"d-slow-route", "d-hung", "d-cron-contention", "g-crash-on-input")
			return
		}
		f := c.Claim("d-cron-contention", in, inference.ScopeOf(in), report.High)
		f.AddEvidence("access-log", fmt.Sprintf("%d of %d failures come %s to %s after the %s, in %d of them; %.0f %% of the traffic does",
			len(in), len(events), phase, phase+cycle.window, "full "+cycle.name, len(cycles), 100*share), in...)
		f.RuleOut("g-cpu-queueing", "the traffic is not higher then")
		f.SetExpected("backend", 0, len(in), "bounded", "once the job runs at another time, or elsewhere")
		c.Expand(map[string]string{"phase": phase.String(), "address": inference.Address(in)}, f)
		return
	}
}

// atPhase finds the window within a cycle in which most events lie.
func atPhase(events []*traffic.Event, cycle, window time.Duration) (phase time.Duration, in []*traffic.Event) {
	step := window / 3
	for at := time.Duration(0); at < cycle; at += step {
		var inside []*traffic.Event
		for _, e := range events {
			if phaseOf(e.Start, cycle, at) < window {
				inside = append(inside, e)
			}
		}
		if len(inside) > len(in) {
			phase, in = at, inside
		}
	}
	return phase, in
}

// phaseOf is how long after the beginning of its cycle, moved by at, a time lies.
func phaseOf(t time.Time, cycle, at time.Duration) time.Duration {
	d := time.Duration(t.UnixNano()%int64(cycle)) - at
	if d < 0 {
		d += cycle
	}
	return d
}

// ShareAtPhase is the part of the requests that come in that window.
func ShareAtPhase(c *inference.Case, phase, cycle, window time.Duration) float64 {
	n := 0
	for _, i := range c.Traffic.Line.List() {
		if phaseOf(i.At, cycle, phase) < window {
			n += i.Requests
		}
	}
	return float64(n) / float64(max(1, c.Traffic.Requests))
}

// answeredOutside reports whether the same routes have answers at other times. What comes at that time
// alone may fail at any.
func answeredOutside(c *inference.Case, events []*traffic.Event, phase, cycle, window time.Duration) bool {
	routes, groups := traffic.GroupBy(events, (*traffic.Event).Route)
	well := 0
	for _, k := range routes {
		r := c.Traffic.Route(k)
		n := r.Answered
		for at := c.Traffic.From.Truncate(cycle).Add(phase - cycle); at.Before(c.Traffic.To); at = at.Add(cycle) {
			n -= r.Answers.Between(at, at.Add(window))
		}
		if n >= stats.MinEvents {
			well += len(groups[k])
		}
	}
	return 5*well >= 4*len(events)
}
