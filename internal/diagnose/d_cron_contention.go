package diagnose

import (
	"fmt"
	"time"
)

var clockwork = hypothesis{
	cause: "d-cron-contention", needs: theLog,
	test: "failures come at one minute of the hour, or one hour of the day, in five cycles or more",
	look: cronContention,
}

// cronContention: something runs at fixed times, and whatever else needs the same resource fails then.
func cronContention(q *inquiry) {
	events := q.unclaimed(func(e *event) bool { return gatewayMade(e) && e.tried || e.fault.Kind == "status" || e.unsaid })
	for _, cycle := range []struct {
		length, window time.Duration
		name           string
	}{{time.Hour, 3 * time.Minute, "hour"}, {24 * time.Hour, 30 * time.Minute, "day"}} {
		if q.to.Sub(q.from) < 5*cycle.length {
			continue
		}
		phase, in := atPhase(events, cycle.length, cycle.window)
		cycles := map[int64]bool{}
		for _, e := range in {
			cycles[e.start.UnixNano()/int64(cycle.length)] = true
		}
		if len(in) < 2*minEvents || 5*len(in) < 4*len(events) || len(cycles) < 5 {
			continue
		}
		share := q.shareAtPhase(phase, cycle.length, cycle.window)
		if chance := binomialTail(independent(in), independent(events), share) * float64(cycle.length/cycle.window); chance >= significance {
			continue
		}
		if !q.answeredOutside(in, phase, cycle.length, cycle.window) {
			q.suspect(in, fmt.Sprintf("these requests are asked for at %s to %s after the full %s only: send one at another time, and compare", phase, phase+cycle.window, cycle.name),
				"d-slow-route", "d-hung", "d-cron-contention", "g-crash-on-input")
			return
		}
		f := q.claim("d-cron-contention", in, scopeOf(in), High)
		f.says("access-log", fmt.Sprintf("%d of %d failures come %s to %s after the %s, in %d of them; %.0f %% of the traffic does", len(in), len(events), phase, phase+cycle.window, "full "+cycle.name, len(cycles), 100*share), in...)
		f.excludes("g-cpu-queueing", "the traffic is not higher then")
		f.expect("backend", 0, len(in), "bounded", "once the job runs at another time, or elsewhere")
		q.fill(map[string]string{"phase": phase.String(), "address": address(in)}, f)
		return
	}
}

// atPhase finds the window within a cycle in which most events lie.
func atPhase(events []*event, cycle, window time.Duration) (phase time.Duration, in []*event) {
	step := window / 3
	for at := time.Duration(0); at < cycle; at += step {
		var inside []*event
		for _, e := range events {
			if phaseOf(e.start, cycle, at) < window {
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

// shareAtPhase is the part of the requests that come in that window.
func (q *inquiry) shareAtPhase(phase, cycle, window time.Duration) float64 {
	n := 0
	for _, i := range q.line.list() {
		if phaseOf(i.at, cycle, phase) < window {
			n += i.requests
		}
	}
	return float64(n) / float64(max(1, q.requests))
}

// answeredOutside reports whether the same kinds of requests are answered at other times. What is asked for at that time
// alone may fail at any.
func (q *inquiry) answeredOutside(events []*event, phase, cycle, window time.Duration) bool {
	routes, groups := groupBy(events, (*event).route)
	well := 0
	for _, k := range routes {
		r := q.route(k)
		n := r.answered
		for at := q.from.Truncate(cycle).Add(phase - cycle); at.Before(q.to); at = at.Add(cycle) {
			n -= r.answers.between(at, at.Add(window))
		}
		if n >= minEvents {
			well += len(groups[k])
		}
	}
	return 5*well >= 4*len(events)
}
