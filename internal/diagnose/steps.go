package diagnose

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/fault"
)

// steps answers the questions that one asks in turn about intermittent 502s, as far as the evidence goes.
func (q *inquiry) steps(r *Report) []Step {
	return []Step{q.healthStep(), q.timeoutStep(), q.connectionStep(), q.gatewayStep(), q.backendStep()}
}

const (
	pass    = "pass"
	fail    = "fail"
	unknown = "unknown"
)

// healthStep: were all members healthy, all the time?
func (q *inquiry) healthStep() Step {
	s := Step{Step: "backend-health", Result: unknown, Detail: "there is no backend health among the evidence"}
	counts := q.unhealthyByMetrics()
	if q.health == nil {
		if counts != "" {
			return Step{Step: s.Step, Result: fail, Detail: counts}
		}
		return s
	}
	var bad []string
	var began time.Time // of what is known, where that is later than the window's begin
	for i := range q.trails {
		t := &q.trails[i]
		if !strings.EqualFold(t.now.Health, "Up") && !strings.EqualFold(t.now.Health, "Healthy") {
			bad = append(bad, fmt.Sprintf("%s (%s) is %s: %s", t.member, t.settings, t.now.Health, t.now.Detail))
			continue
		}
		if q.from.IsZero() {
			continue
		}
		if c, down := t.wentDown(q.from, q.to); down {
			bad = append(bad, fmt.Sprintf("%s (%s) is healthy now, and was %s", t.member, t.settings, c.text()))
		} else if c, known := t.at(q.from); known && !c.up {
			bad = append(bad, fmt.Sprintf("%s (%s) is healthy now, and was not yet when this window began", t.member, t.settings))
		} else if !known && len(t.changes) > 0 && t.changes[0].at.After(began) {
			began = t.changes[0].at // a gateway that started within the window has not probed before
		}
	}
	apart := q.healthApart(Scope{}, q.from, q.to)
	switch {
	case len(bad) > 0 && apart != "":
		return Step{Step: s.Step, Result: fail, Detail: "this report is " + apart + " the records: " + strings.Join(bad, "; ")}
	case len(bad) > 0:
		return Step{Step: s.Step, Result: fail, Detail: strings.Join(bad, "; ")}
	case len(q.trails) == 0:
		return Step{Step: s.Step, Result: unknown, Detail: "the backend health among the evidence has no members"}
	case q.from.IsZero():
		return Step{Step: s.Step, Result: pass, Detail: "all members (" + strconv.Itoa(len(q.trails)) + ") are healthy" + q.probedLast()}
	case !q.haveHistory() && counts != "":
		return Step{Step: s.Step, Result: fail, Detail: "all members (" + strconv.Itoa(len(q.trails)) + ") are healthy in this report, and were not before: " + counts}
	case apart != "":
		return Step{Step: s.Step, Result: pass, Detail: "all members (" + strconv.Itoa(len(q.trails)) + ") are healthy in this report, which is " + apart + " the records; how they were when requests failed it does not say"}
	case !q.haveHistory():
		return Step{Step: s.Step, Result: pass, Detail: "all members (" + strconv.Itoa(len(q.trails)) + ") are healthy in this report; how they were when requests failed it does not say"}
	}
	if !began.IsZero() {
		return Step{Step: s.Step, Result: pass, Detail: "all members (" + strconv.Itoa(len(q.trails)) + ") are healthy, and were so since " + began.UTC().Format(time.RFC3339) + "; how they were before, in this window, it does not say" + q.probedLast()}
	}
	return Step{Step: s.Step, Result: pass, Detail: "all members (" + strconv.Itoa(len(q.trails)) + ") are healthy, and were so in this window" + q.probedLast()}
}

// unhealthyByMetrics says where the metrics count unhealthy members within the window; empty if they do not.
func (q *inquiry) unhealthyByMetrics() string {
	var out []string
	for i := range q.metrics {
		m := &q.metrics[i]
		if !strings.EqualFold(m.Name, "UnhealthyHostCount") {
			continue
		}
		most, from, to := 0.0, time.Time{}, time.Time{}
		for _, p := range m.Points {
			v := p.Value()
			if !(v > 0) || !q.from.IsZero() && (p.At.Before(q.from.Add(-time.Minute)) || p.At.After(q.to)) {
				continue
			}
			if from.IsZero() {
				from = p.At
			}
			most, to = max(most, v), p.At
		}
		if most == 0 {
			continue
		}
		place := ""
		if pool := m.Dimensions["backendsettingspool"]; pool != "" {
			place = " in " + pool
		}
		out = append(out, fmt.Sprintf("the metrics count up to %s unhealthy members%s between %s and %s", strconv.FormatFloat(most, 'f', -1, 64), place, stamp(from), stamp(to)))
	}
	return strings.Join(out, "; ")
}

// haveHistory reports whether backend health says how it was before.
func (q *inquiry) haveHistory() bool {
	return slices.ContainsFunc(q.trails, func(t trail) bool { return len(t.changes) > 0 })
}

// probedLast says when the report of health was true, where it tells.
func (q *inquiry) probedLast() string {
	last := ""
	for i := range q.trails {
		if x := q.trails[i].now.Causeway; x != nil && x.LastProbe > last {
			last = x.LastProbe
		}
	}
	if last == "" {
		return ""
	}
	return "; last probed at " + last
}

// timeoutStep: did requests run into the request timeout?
func (q *inquiry) timeoutStep() Step {
	s := Step{Step: "request-timeout", Result: unknown, Detail: "there are no requests among the evidence"}
	if q.requests == 0 {
		return s
	}
	late := filtered(q.events, isTimeout)
	sure, unsaid := parted(late, q.ranOut)
	var ran []string
	if n := len(sure); n > 0 {
		ran = append(ran, count(n, "request", "requests")+" waited for the whole request timeout")
	}
	if n := len(filtered(q.events, silenceInBody)); n > 0 {
		ran = append(ran, count(n, "answer that had begun was", "answers that had begun were")+" cut when nothing had come for the request timeout")
	}
	if n := q.silentEnds(); n > 0 {
		ran = append(ran, count(n, "WebSocket was", "WebSockets were")+" ended after a silence as long as the request timeout")
	}
	switch {
	case len(ran) > 0:
		return Step{Step: s.Step, Result: fail, Detail: strings.Join(ran, "; ")}
	case len(unsaid) > 0:
		return Step{Step: s.Step, Result: unknown, Detail: fmt.Sprintf("%s timed out after %s; whether the request timeout was that long then is not in the evidence", count(len(unsaid), "request", "requests"), fromTo(sortedDurations(unsaid, lasted)))}
	}
	slowest, answered := time.Duration(0), 0
	for _, r := range q.routes {
		slowest, answered = max(slowest, r.slowest()), answered+r.answered
	}
	switch {
	case answered == 0 && q.nameless.n > 0:
		return Step{Step: s.Step, Result: unknown, Detail: q.namelessText() + "; which of the request timeouts was theirs it does not say"}
	case answered == 0:
		return Step{Step: s.Step, Result: unknown, Detail: "no member answered a request, so there is nothing to compare the request timeout with"}
	case len(q.timeouts) == 0:
		return Step{Step: s.Step, Result: unknown, Detail: fmt.Sprintf("no request is known to have run into it; the timeout itself is not among the evidence. The slowest answer came after %s", seconds(slowest))}
	}
	if name, most := q.outlasted(); name != "" {
		return Step{Step: s.Step, Result: unknown, Detail: fmt.Sprintf("an answer under %s took %s, and the document gives it %s: that time runs between two reads, so its bytes came in pieces, or the document is of another time", name, seconds(most), seconds(q.timeouts[name]))}
	}
	names := make([]string, 0, len(q.timeouts))
	for _, name := range sortedKeys(q.timeouts) {
		names = append(names, fmt.Sprintf("%s %s", name, seconds(q.timeouts[name])))
	}
	return Step{Step: s.Step, Result: pass, Detail: fmt.Sprintf("no answer took as long as the request timeout (%s); the slowest came after %s", strings.Join(names, ", "), seconds(slowest))}
}

// outlasted names settings under which an answer came later than their request timeout, and how late.
func (q *inquiry) outlasted() (settings string, most time.Duration) {
	for _, s := range sortedKeys(q.timeouts) {
		if limit := q.timeouts[s]; limit > 0 && q.routesOf(s).waits.most >= limit {
			return s, q.routesOf(s).waits.most
		}
	}
	return "", 0
}

// connectionStep: did connections to members come about, and last?
func (q *inquiry) connectionStep() Step {
	s := Step{Step: "backend-connections", Result: unknown, Detail: "there are no requests among the evidence"}
	if q.requests == 0 {
		return s
	}
	connect, broke, unsaid, tried := 0, 0, 0, 0
	for _, m := range q.members {
		tried += m.attempts
	}
	if tried == 0 && q.nameless.n > 0 {
		return Step{Step: s.Step, Result: unknown, Detail: q.namelessText()}
	}
	if tried == 0 {
		return Step{Step: s.Step, Result: unknown, Detail: "no request got as far as a member"}
	}
	for _, e := range q.events {
		if connectFailed(e) {
			connect++
		}
		switch {
		case e.unsaid && closedSomehow(e):
			unsaid++
		case brokeUnderRequest(e) || closedSomehow(e):
			broke++
		}
	}
	if connect+broke > 0 {
		return Step{Step: s.Step, Result: fail, Detail: fmt.Sprintf("%d attempts to connect failed; %d connections ended under a request", connect, broke) + q.connectTimes()}
	}
	if unsaid > 0 {
		return Step{Step: s.Step, Result: unknown, Detail: fmt.Sprintf("%d requests failed with a 502 that the gateway may have written after a connection failed, or the member itself", unsaid) + q.connectTimes()}
	}
	return Step{Step: s.Step, Result: pass, Detail: "every connection came about, and none ended under a request" + q.connectTimes()}
}

// connectTimes is how long connections took to come about: that is the network, and TLS.
func (q *inquiry) connectTimes() string {
	var all histogram
	for _, m := range q.members {
		all.merge(&m.connect)
	}
	if all.n == 0 {
		return ""
	}
	return fmt.Sprintf("; to connect took %s in the median, and %s at most", seconds(all.quantile(0.5)), seconds(all.most))
}

// gatewayStep: was it the gateway itself?
func (q *inquiry) gatewayStep() Step {
	s := Step{Step: "gateway-performance", Result: unknown, Detail: "neither Causeway's trace nor the gateway's metrics are among the evidence"}
	var facts []string
	for _, m := range []struct {
		name, unit string
		limit      float64
	}{{"CapacityUnits", "capacity units", q.maxUnits()}, {"ComputeUnits", "compute units", q.maxUnits()}, {"CpuUtilization", "% of the processors", 100}} {
		if top, ok := q.peakOf(m.name); ok {
			s.Result = pass
			text := fmt.Sprintf("at most %.0f %s", top, m.unit)
			if m.limit > 0 && m.name != "CpuUtilization" {
				text += fmt.Sprintf(" of %.0f", m.limit)
			}
			if m.limit > 0 && top >= full*m.limit {
				s.Result = fail
			}
			facts = append(facts, text)
		}
	}
	if q.allTime > 0 {
		facts = append(facts, fmt.Sprintf("the gateway and its clients' side account for %s of the time of answered requests", percent(int(q.ownTime/time.Microsecond), int(max(q.allTime/time.Microsecond, 1)))))
	}
	if q.waf.n > 0 {
		facts = append(facts, fmt.Sprintf("inspection by the firewall took %s at most", seconds(q.waf.most)))
	}
	n := 0
	for _, e := range q.events {
		if e.own && (e.fault.Kind == fault.Exhausted || e.fault.Kind == fault.Panicked) {
			n++
		}
	}
	switch {
	case n > 0:
		s.Result = fail
		facts = append([]string{fmt.Sprintf("%d requests failed for lack of a resource, or for a defect, of the gateway", n)}, facts...)
	case q.own > 0 && s.Result == unknown:
		s.Result = pass
		facts = append([]string{"no request failed for lack of a resource of the gateway"}, facts...)
	}
	if len(facts) > 0 {
		s.Detail = strings.Join(facts, "; ")
		if s.Result == unknown {
			s.Detail += "; the metrics of the gateway would tell whether it was short of capacity"
		}
	}
	return s
}

// peakOf is the highest value of a metric in the window.
func (q *inquiry) peakOf(name string) (top float64, ok bool) {
	m := q.metric(name)
	if m == nil {
		return 0, false
	}
	for _, p := range m.Points {
		if v := p.Value(); !math.IsNaN(v) {
			top, ok = max(top, v), true
		}
	}
	return top, ok
}

// backendStep: how long do the members take?
func (q *inquiry) backendStep() Step {
	s := Step{Step: "backend-performance", Result: unknown, Detail: "no member answered a request in the evidence"}
	var waits histogram
	for _, m := range q.members {
		waits.merge(&m.waits)
	}
	if waits.n == 0 && q.nameless.waits.n > 0 {
		w := &q.nameless.waits
		s.Detail = fmt.Sprintf("%s: median %s, 99 of 100 within %s", q.namelessText(), seconds(w.quantile(0.5)), seconds(w.quantile(0.99)))
		return s
	}
	if waits.n == 0 {
		return s
	}
	s.Detail = fmt.Sprintf("time to the first byte of an answer: median %s, 99 of 100 within %s", seconds(waits.quantile(0.5)), seconds(waits.quantile(0.99)))
	s.Result = pass
	late, own, unsaid := 0, 0, 0
	for _, e := range q.events {
		switch {
		case e.unsaid && e.fault.Kind != fault.Status:
			unsaid++
		case isTimeout(e):
			late++
		case e.fault.Kind == fault.Status:
			own++
		}
	}
	switch {
	case late+own > 0:
		s.Result = fail
		s.Detail += fmt.Sprintf("; but %d requests were not answered in time, and %d with an error of the member's own", late, own)
	case unsaid > 0:
		s.Result = unknown
		s.Detail += fmt.Sprintf("; but %d failed with a status that a member may have given, or the gateway itself", unsaid)
	}
	return s
}
