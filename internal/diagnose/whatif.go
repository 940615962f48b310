package diagnose

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"causeway/internal/diagnose/analyzers/connections"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// whatIf replays the changes that a gateway's settings allow.
func whatIf(c *inference.Case) report.WhatIf {
	w := report.WhatIf{Savings: []report.Saving{}}
	c.Savings = slices.Concat(longerTimeouts(c), shorterTimeouts(c), shorterIdle(c), soonerProbes(c), retries(c), withoutMembers(c),
		moreInstances(c))
	sure, maybe := map[*traffic.Event]bool{}, map[*traffic.Event]bool{}
	for i := range c.Savings {
		s := &c.Savings[i]
		s.Removes = [2]int{len(s.Sure), len(s.Maybe)}
		w.Savings = append(w.Savings, s.Saving)
		for _, e := range s.Sure {
			sure[e] = true
		}
		for _, e := range s.Maybe {
			maybe[e] = true
		}
	}
	w.Together = [2]int{len(sure), len(maybe)}
	return w
}

// lateBySettings are all requests that waited for the whole request timeout.
func lateBySettings(c *inference.Case) map[string][]*traffic.Event {
	var late []*traffic.Event
	for _, e := range c.Traffic.Events {
		if c.RanOut(e) {
			late = append(late, e)
		}
	}
	_, by := traffic.GroupBy(late, func(e *traffic.Event) string { return e.Settings })
	return by
}

// longerTimeouts: requests cut off at a timer show nothing about how long they would have taken. Only the shape below the
// timer shows whether the tail continues it.
func longerTimeouts(c *inference.Case) []inference.Saving {
	var out []inference.Saving
	by := lateBySettings(c)
	for _, settings := range units.SortedKeys(by) {
		limit := c.Traffic.Timeouts[settings]
		if limit == 0 {
			continue
		}
		near, r := 0, c.Traffic.RoutesOf(settings)
		near = r.LastThird(limit)
		s := inference.Saving{
			Saving: report.Saving{
				Setting: "requestTimeout",
				Scope:   report.Scope{Settings: settings},
				From:    units.Seconds(limit),
				To:      units.Seconds(inference.LongerThan(limit)),
				Basis:   "bounded",
			},
			Maybe: by[settings],
		}
		now, changed := c.TimeoutNow(settings)
		if changed && now < limit {
			out = append(out, inference.Saving{Saving: report.Saving{
				Setting: "requestTimeout", Scope: s.Scope, From: units.Seconds(limit), To: units.Seconds(now), Basis: "exact",
				Adds: r.Waits.Between(now, max(limit, r.Slowest())),
				Note: "this is the document's value by now, which is of another time than these failures: it saves none of them",
			}})
		}
		switch {
		case changed && now > limit:
			s.To, s.Note = units.Seconds(now), "this is the document's value by now, which is of another time than these failures: "+
				c.PresentTimeout(settings, limit, now)
		case near == 0:
			s.Basis, s.Note = "unknown",
				"no answer took the last third of the timeout: those that wait are not just slower ones, and nothing here shows that they would ever be answered"
		default:
			s.Note = fmt.Sprintf("%d answers came in the last third before the timeout, so some of the rest would have come; how many is not in the evidence. One member with a longer timeout would show it", near)
		}
		out = append(out, s)
	}
	return out
}

// shorterTimeouts: a shorter timer is replayed exactly on the answers there were.
func shorterTimeouts(c *inference.Case) []inference.Saving {
	var out []inference.Saving
	by := lateBySettings(c)
	for _, settings := range units.SortedKeys(by) {
		limit, r := c.Traffic.Timeouts[settings], c.Traffic.RoutesOf(settings)
		if limit == 0 || r.Answered < 5*traffic.EnoughAnswers {
			continue
		}
		shorter := max(time.Second, (r.Slowest()*6/5 + time.Second - 1).Truncate(time.Second))
		if 2*shorter > limit {
			continue
		}
		out = append(out, inference.Saving{Saving: report.Saving{
			Setting: "requestTimeout", Scope: report.Scope{Settings: settings}, From: units.Seconds(limit), To: units.Seconds(shorter),
			Basis: "exact",
			Adds:  r.Waits.Between(shorter, max(limit, r.Slowest())),
			Note: fmt.Sprintf("saves none of the %d, but answers their clients after %s instead of %s, and frees what they hold; the slowest answer took %s",
				len(by[settings]), units.Seconds(shorter), units.Seconds(limit), units.Seconds(r.Slowest())),
		}})
	}
	return out
}

// shorterIdle replays a shorter idle limit of the gateway: a connection that had been idle for longer would have been a
// new one.
func shorterIdle(c *inference.Case) []inference.Saving {
	lost := traffic.Filter(c.EventsOf("c-idle-race"), func(e *traffic.Event) bool { return e.Own })
	if len(lost) == 0 {
		return nil
	}
	least := traffic.SortedDurations(lost, func(e *traffic.Event) time.Duration { return e.Attempt.Idle })[0]
	limit := max(100*time.Millisecond, (least * 9 / 10).Truncate(100*time.Millisecond))
	fresh := 0
	for _, m := range c.Traffic.Members {
		for _, g := range m.Gaps.List {
			if g.How == traffic.Answered && g.Idle >= limit {
				fresh += m.Gaps.Weight(g)
			}
		}
	}
	return []inference.Saving{{Saving: report.Saving{
		Setting: "backendIdleTimeout", From: units.Seconds(connections.GatewayIdle(c)), To: units.Seconds(limit), Basis: "exact",
		Note: fmt.Sprintf("%d requests that went well would have made a new connection", fresh),
	}, Sure: lost, Maybe: lost}}
}

// soonerProbes replays quicker probes on the failures of dead members: those that began after the new probes had given up
// would have gone elsewhere. When in its interval a probe falls is not known, hence two bounds.
func soonerProbes(c *inference.Case) []inference.Saving {
	keys, groups := traffic.GroupBy(c.EventsOf("a-slow-eviction"), (*traffic.Event).Key)
	var out []inference.Saving
	for _, k := range keys {
		p := c.ProbeOf(k.Settings)
		interval, threshold, timeout := 30, 3, 30
		if p != nil {
			interval, threshold, timeout = p.Interval, p.UnhealthyThreshold, p.Timeout
		}
		toInterval, toThreshold, sooner := c.SoonerProbe(k.Settings)
		if !sooner {
			continue
		}
		first := groups[k][0].Start
		earliest := first.Add(time.Duration((toThreshold-1)*toInterval) * time.Second)
		latest := first.Add(time.Duration(toThreshold*toInterval+min(timeout, toInterval)) * time.Second)
		s := inference.Saving{Saving: report.Saving{
			Setting: "probe", Scope: report.Scope{Settings: k.Settings, Member: k.Member}, Basis: "bounded",
			From: fmt.Sprintf("every %d s, %d failures", interval, threshold), To: fmt.Sprintf("every %d s, %d failures", toInterval,
				toThreshold),
			Note: fmt.Sprintf("probes would be %.0f times as many", float64(interval)/float64(toInterval)),
		}}
		for _, e := range groups[k] {
			if e.Start.After(earliest) {
				s.Maybe = append(s.Maybe, e)
			}
			if e.Start.After(latest) {
				s.Sure = append(s.Sure, e)
			}
		}
		out = append(out, s)
	}
	return out
}

// retries counts failures that might have been tried again without harm: nothing had reached the member, or the request
// may be repeated and no byte of an answer had come.
func retries(c *inference.Case) []inference.Saving {
	s := inference.Saving{Saving: report.Saving{
		Setting: "retry",
		Basis:   "bounded",
		Note:    "at most: whether the second try would have succeeded is not in the evidence, and it hides the fault instead of fixing it",
	}}
	for _, e := range c.Traffic.Events {
		if e.Visible && e.Tried && e.Tries == 1 && (inference.ConnectFailed(e) || idempotent(e.Method) && (e.ClosedUnanswered() ||
			traffic.ClosedSomehow(e))) {
			s.Maybe = append(s.Maybe, e)
		}
	}
	if len(s.Maybe) == 0 {
		return nil
	}
	return []inference.Saving{s}
}

func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete, http.MethodTrace:
		return true
	}
	return false
}

// withoutMembers replays the pool without a member that fails more than the others: its requests would have failed as
// those of the others did, if they could bear its share.
func withoutMembers(c *inference.Case) []inference.Saving {
	_, failed := traffic.GroupBy(c.Traffic.Events, (*traffic.Event).Key)
	exposure := map[traffic.MemberKey]int{}
	for k, m := range c.Traffic.Members {
		if k.Member != "(other)" {
			exposure[k] = m.Attempts
		}
	}
	for k, events := range failed {
		var backend []*traffic.Event
		for _, e := range events {
			if e.Tried && e.Fault.Side != fault.Client {
				backend = append(backend, e)
			}
		}
		failed[k] = backend
	}
	var out []inference.Saving
	for _, s := range inference.StandsOut(exposure, failed) {
		others, bad := 0, 0
		for _, k := range standingBeside(c, s.Key) {
			others, bad = others+c.Traffic.Member(k).Attempts, bad+len(failed[k])
		}
		if others == 0 {
			continue
		}
		_, high := stats.Wilson(bad, others)
		expected := int(high*float64(exposure[s.Key]) + 0.5)
		events := failed[s.Key]
		out = append(out, inference.Saving{Saving: report.Saving{
			Setting: "member", Scope: report.Scope{Settings: s.Key.Settings, Member: s.Key.Member}, From: "in the pool", To: "taken out",
			Basis: "bounded",
			Note: fmt.Sprintf("the others failed %d of %d; they would get %.0f %% more traffic", bad, others,
				100*float64(exposure[s.Key])/float64(others)),
		}, Sure: events[:max(0, len(events)-expected)], Maybe: events})
	}
	return out
}

// standingBeside are the members of the same pool under the same settings that were in use while a member was: those that could
// have taken its requests. An address that came after it was left is not one of them.
func standingBeside(c *inference.Case, k traffic.MemberKey) (out []traffic.MemberKey) {
	m := c.Traffic.Member(k)
	first, _ := m.Tried.After(c.Traffic.From.Add(-time.Second))
	last, _ := m.Tried.Before(c.Traffic.To.Add(time.Second))
	for o, t := range c.Traffic.Members {
		if o != k && c.NeighboursOf(o) == c.NeighboursOf(k) && t.Tried.Between(first, last) > 0 {
			out = append(out, o)
		}
	}
	return out
}

// moreInstances: whether the gateway was short of capacity shows in its metrics, and only there.
func moreInstances(c *inference.Case) []inference.Saving {
	short := c.EventsOf("h-capacity-max", "h-cpu", "h-autoscale-lag")
	s := inference.Saving{Saving: report.Saving{Setting: "instances", Basis: "bounded"}, Maybe: short}
	limit := c.Traffic.MaxUnits()
	top, known := c.PeakOf("CapacityUnits")
	unit := "capacity units"
	if c.Traffic.FirstGeneration() { // it has no units
		top, known = c.PeakOf("CpuUtilization")
		limit, unit = 100, "% of the processors"
	}
	switch {
	case len(short) > 0 && !known:
		s.Note = "how much more is enough shows once the gateway is no longer full"
	case len(short) > 0:
		s.Note = "how much more is enough shows in the metric once it no longer stands at the maximum"
	case known && limit > 0 && top < limit/2:
		s.Note = fmt.Sprintf("capacity was never short: at most %.0f of %.0f %s were in use", top, limit, unit)
	case c.Traffic.Failures > 0 && !known && c.Traffic.Own == 0:
		s.Basis, s.Note = "unknown", "metrics of the gateway's capacity are not among the evidence"
	default:
		return nil
	}
	return []inference.Saving{s}
}
