package diagnose

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"causeway/internal/fault"
)

// WhatIf says what changes of settings would have done to the failures of this window: exact where it can be replayed,
// bounded where only limits are known, unknown where the evidence cannot say. A failure that several changes would
// have saved counts once in Together.
type WhatIf struct {
	Savings  []Saving `json:"savings"`
	Together [2]int   `json:"together"` // failures and recovered ones that at least one of them removes
}

// Saving is one change.
type Saving struct {
	Setting string `json:"setting"` // requestTimeout, backendIdleTimeout, probe, retry, member, instances
	Scope   Scope  `json:"scope"`
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	Removes [2]int `json:"removes"` // failures and recovered ones, at least and at most
	Adds    int    `json:"adds"`    // requests that went well and would have failed
	Basis   string `json:"basis"`   // exact, bounded, unknown
	Note    string `json:"note"`
}

// saving is one with the events that it removes.
type saving struct {
	Saving
	sure  []*event // removed for certain
	maybe []*event // removed perhaps, these included
}

// whatIf replays the changes that a gateway's settings allow.
func (q *inquiry) whatIf() WhatIf {
	w := WhatIf{Savings: []Saving{}}
	q.savings = slices.Concat(q.longerTimeouts(), q.shorterTimeouts(), q.shorterIdle(), q.soonerProbes(), q.retries(), q.withoutMembers(), q.moreInstances())
	sure, maybe := map[*event]bool{}, map[*event]bool{}
	for i := range q.savings {
		s := &q.savings[i]
		s.Removes = [2]int{len(s.sure), len(s.maybe)}
		w.Savings = append(w.Savings, s.Saving)
		for _, e := range s.sure {
			sure[e] = true
		}
		for _, e := range s.maybe {
			maybe[e] = true
		}
	}
	w.Together = [2]int{len(sure), len(maybe)}
	return w
}

// lateBySettings are all requests that waited for the whole request timeout.
func (q *inquiry) lateBySettings() map[string][]*event {
	var late []*event
	for _, e := range q.events {
		if q.ranOut(e) {
			late = append(late, e)
		}
	}
	_, by := groupBy(late, func(e *event) string { return e.settings })
	return by
}

// longerTimeouts: what is cut off at a timer tells nothing of how long it would have taken. Only the shape below the
// timer tells whether the tail is of the same kind.
func (q *inquiry) longerTimeouts() []saving {
	var out []saving
	by := q.lateBySettings()
	for _, settings := range sortedKeys(by) {
		limit := q.timeouts[settings]
		if limit == 0 {
			continue
		}
		near, r := 0, q.routesOf(settings)
		near = r.lastThird(limit)
		s := saving{Saving: Saving{Setting: "requestTimeout", Scope: Scope{Settings: settings}, From: seconds(limit), To: seconds(longerThan(limit)), Basis: "bounded"}, maybe: by[settings]}
		now, changed := q.timeoutNow(settings)
		if changed && now < limit {
			out = append(out, saving{Saving: Saving{
				Setting: "requestTimeout", Scope: s.Scope, From: seconds(limit), To: seconds(now), Basis: "exact", Adds: r.waits.between(now, max(limit, r.slowest())),
				Note: "this is the document's value by now, which is of another time than these failures: it saves none of them",
			}})
		}
		switch {
		case changed && now > limit:
			s.To, s.Note = seconds(now), "this is the document's value by now, which is of another time than these failures: "+q.presentTimeout(settings, limit, now)
		case near == 0 && r.answered >= enoughAnswers:
			s.Basis, s.Note = "unknown", "no answer took the last third of the timeout: those that wait are of another kind, and nothing here says that they would ever be answered"
		default:
			s.Note = fmt.Sprintf("%d answers came in the last third before the timeout, so some of the rest would have come; how many is not in the evidence. One member with a longer timeout would show it", near)
		}
		out = append(out, s)
	}
	return out
}

// shorterTimeouts: a shorter timer is replayed exactly on the answers there were.
func (q *inquiry) shorterTimeouts() []saving {
	var out []saving
	by := q.lateBySettings()
	for _, settings := range sortedKeys(by) {
		limit, r := q.timeouts[settings], q.routesOf(settings)
		if limit == 0 || r.answered < 5*enoughAnswers {
			continue
		}
		shorter := max(time.Second, (r.slowest()*6/5 + time.Second - 1).Truncate(time.Second))
		if 2*shorter > limit {
			continue
		}
		out = append(out, saving{Saving: Saving{
			Setting: "requestTimeout", Scope: Scope{Settings: settings}, From: seconds(limit), To: seconds(shorter), Basis: "exact",
			Adds: r.waits.between(shorter, max(limit, r.slowest())),
			Note: fmt.Sprintf("saves none of the %d, but tells their clients after %s instead of %s, and frees what they hold; the slowest answer took %s", len(by[settings]), seconds(shorter), seconds(limit), seconds(r.slowest())),
		}})
	}
	return out
}

// shorterIdle replays a shorter idle limit of the gateway: a connection that had been idle for longer would have been a
// new one.
func (q *inquiry) shorterIdle() []saving {
	lost := filtered(q.eventsOf("c-idle-race"), func(e *event) bool { return e.own })
	if len(lost) == 0 {
		return nil
	}
	least := sortedDurations(lost, func(e *event) time.Duration { return e.attempt.Idle })[0]
	limit := max(100*time.Millisecond, (least * 9 / 10).Truncate(100*time.Millisecond))
	fresh := 0
	for _, m := range q.members {
		for _, g := range m.gaps.list {
			if g.how == answered && g.idle >= limit {
				fresh += m.gaps.weight(g)
			}
		}
	}
	return []saving{{Saving: Saving{
		Setting: "backendIdleTimeout", From: seconds(q.gatewayIdle()), To: seconds(limit), Basis: "exact",
		Note: fmt.Sprintf("%d requests that went well would have made a new connection", fresh),
	}, sure: lost, maybe: lost}}
}

// soonerProbes replays quicker probes on the failures of dead members: those that began after the new probes had given up
// would have gone elsewhere. When in its interval a probe falls is not known, hence two bounds.
func (q *inquiry) soonerProbes() []saving {
	keys, groups := groupBy(q.eventsOf("a-slow-eviction"), (*event).key)
	var out []saving
	for _, k := range keys {
		p := q.probeOf(k.settings)
		interval, threshold, timeout := 30, 3, 30
		if p != nil {
			interval, threshold, timeout = p.Interval, p.UnhealthyThreshold, p.Timeout
		}
		toInterval, toThreshold, sooner := q.soonerProbe(k.settings)
		if !sooner {
			continue
		}
		first := groups[k][0].start
		earliest := first.Add(time.Duration((toThreshold-1)*toInterval) * time.Second)
		latest := first.Add(time.Duration(toThreshold*toInterval+min(timeout, toInterval)) * time.Second)
		s := saving{Saving: Saving{
			Setting: "probe", Scope: Scope{Settings: k.settings, Member: k.member}, Basis: "bounded",
			From: fmt.Sprintf("every %d s, %d failures", interval, threshold), To: fmt.Sprintf("every %d s, %d failures", toInterval, toThreshold),
			Note: fmt.Sprintf("probes would be %.0f times as many", float64(interval)/float64(toInterval)),
		}}
		for _, e := range groups[k] {
			if e.start.After(earliest) {
				s.maybe = append(s.maybe, e)
			}
			if e.start.After(latest) {
				s.sure = append(s.sure, e)
			}
		}
		out = append(out, s)
	}
	return out
}

// retries counts failures that might have been tried again without harm: nothing had reached the member, or the request
// may be repeated and no byte of an answer had come.
func (q *inquiry) retries() []saving {
	s := saving{Saving: Saving{Setting: "retry", Basis: "bounded", Note: "at most: whether the second try would have succeeded is not in the evidence, and it hides the fault instead of curing it"}}
	for _, e := range q.events {
		if e.visible && e.tried && e.tries == 1 && (connectFailed(e) || idempotent(e.method) && (e.closedUnanswered() || closedSomehow(e))) {
			s.maybe = append(s.maybe, e)
		}
	}
	if len(s.maybe) == 0 {
		return nil
	}
	return []saving{s}
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
func (q *inquiry) withoutMembers() []saving {
	_, failed := groupBy(q.events, (*event).key)
	exposure := map[memberKey]int{}
	for k, m := range q.members {
		if k.member != "(other)" {
			exposure[k] = m.attempts
		}
	}
	for k, events := range failed {
		var backend []*event
		for _, e := range events {
			if e.tried && e.fault.Side != fault.Client {
				backend = append(backend, e)
			}
		}
		failed[k] = backend
	}
	var out []saving
	for _, s := range standsOut(exposure, failed) {
		others, bad := 0, 0
		for _, k := range q.standingBeside(s.key) {
			others, bad = others+q.member(k).attempts, bad+len(failed[k])
		}
		if others == 0 {
			continue
		}
		_, high := wilson(bad, others)
		expected := int(high*float64(exposure[s.key]) + 0.5)
		events := failed[s.key]
		out = append(out, saving{Saving: Saving{
			Setting: "member", Scope: Scope{Settings: s.key.settings, Member: s.key.member}, From: "in the pool", To: "taken out", Basis: "bounded",
			Note: fmt.Sprintf("the others failed %d of %d; they would get %.0f %% more traffic", bad, others, 100*float64(exposure[s.key])/float64(others)),
		}, sure: events[:max(0, len(events)-expected)], maybe: events})
	}
	return out
}

// standingBeside are the members of the same pool under the same settings that were asked while a member was: those that could
// have taken its requests. An address that came after it was left is not one of them.
func (q *inquiry) standingBeside(k memberKey) (out []memberKey) {
	m := q.member(k)
	first, _ := m.tried.after(q.from.Add(-time.Second))
	last, _ := m.tried.before(q.to.Add(time.Second))
	for o, t := range q.members {
		if o != k && q.besideOf(o) == q.besideOf(k) && t.tried.between(first, last) > 0 {
			out = append(out, o)
		}
	}
	return out
}

// moreInstances: whether the gateway was short of capacity shows in its metrics, and only there.
func (q *inquiry) moreInstances() []saving {
	short := q.eventsOf("h-capacity-max", "h-cpu", "h-autoscale-lag")
	s := saving{Saving: Saving{Setting: "instances", Basis: "bounded"}, maybe: short}
	limit := q.maxUnits()
	top, known := q.peakOf("CapacityUnits")
	unit := "capacity units"
	if q.firstGeneration() { // it has no units
		top, known = q.peakOf("CpuUtilization")
		limit, unit = 100, "% of the processors"
	}
	switch {
	case len(short) > 0:
		s.Note = "how much more is enough shows in the metric once it no longer stands at the maximum"
	case known && limit > 0 && top < limit/2:
		s.Note = fmt.Sprintf("capacity was never short: at most %.0f of %.0f %s were in use", top, limit, unit)
	case q.failures > 0 && !known && q.own == 0:
		s.Basis, s.Note = "unknown", "the metrics of the gateway are not among the evidence"
	default:
		return nil
	}
	return []saving{s}
}

// longerThan is the request timeout to try next: half as long again, in whole seconds.
func longerThan(limit time.Duration) time.Duration {
	return (limit*3/2 + time.Second - 1).Truncate(time.Second)
}
