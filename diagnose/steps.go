package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/fault"
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
	if q.health == nil {
		return s
	}
	var bad []string
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
		} else if c, known := t.at(q.from); !known && len(t.changes) > 0 && t.changes[0].at.After(q.from) || known && !c.up {
			bad = append(bad, fmt.Sprintf("%s (%s) is healthy now, and was not yet when this window began", t.member, t.settings))
		}
	}
	if len(bad) == 0 && q.from.IsZero() {
		return Step{Step: s.Step, Result: pass, Detail: "all members (" + strconv.Itoa(len(q.trails)) + ") are healthy"}
	}
	if len(bad) == 0 {
		return Step{Step: s.Step, Result: pass, Detail: "all members (" + strconv.Itoa(len(q.trails)) + ") are healthy, and were so in this window"}
	}
	return Step{Step: s.Step, Result: fail, Detail: strings.Join(bad, "; ")}
}

// timeoutStep: did requests run into the request timeout?
func (q *inquiry) timeoutStep() Step {
	s := Step{Step: "request-timeout", Result: unknown, Detail: "there are no requests among the evidence"}
	if q.requests == 0 {
		return s
	}
	n := 0
	for _, e := range q.events {
		if isTimeout(e) {
			n++
		}
	}
	if n > 0 {
		return Step{Step: s.Step, Result: fail, Detail: count(n, "request", "requests") + " waited for the whole request timeout"}
	}
	slowest, names := time.Duration(0), make([]string, 0, len(q.timeouts))
	for _, r := range q.routes {
		slowest = max(slowest, r.slowest())
	}
	for name, limit := range q.timeouts {
		names = append(names, fmt.Sprintf("%s %s", name, seconds(limit)))
	}
	slices.Sort(names)
	return Step{Step: s.Step, Result: pass, Detail: fmt.Sprintf("no answer took as long as the request timeout (%s); the slowest came after %s", strings.Join(names, ", "), seconds(slowest))}
}

// connectionStep: did connections to members come about, and last?
func (q *inquiry) connectionStep() Step {
	s := Step{Step: "backend-connections", Result: unknown, Detail: "there are no requests among the evidence"}
	if q.requests == 0 {
		return s
	}
	connect, broke := 0, 0
	for _, e := range q.events {
		if connectFailed(e) {
			connect++
		}
		if brokeUnderRequest(e) {
			broke++
		}
	}
	if connect+broke > 0 {
		return Step{Step: s.Step, Result: fail, Detail: fmt.Sprintf("%d attempts to connect failed; %d connections ended under a request", connect, broke)}
	}
	return Step{Step: s.Step, Result: pass, Detail: "every connection came about, and none ended under a request"}
}

// gatewayStep: was it the gateway itself?
func (q *inquiry) gatewayStep() Step {
	s := Step{Step: "gateway-performance", Result: unknown, Detail: "there is no trace of Causeway's own among the evidence; use the metrics of the gateway"}
	if q.own == 0 {
		return s
	}
	n := 0
	for _, e := range q.events {
		if e.fault.Kind == fault.Exhausted || e.fault.Kind == fault.Panicked {
			n++
		}
	}
	if n > 0 {
		return Step{Step: s.Step, Result: fail, Detail: fmt.Sprintf("%d requests failed for lack of a resource, or for a defect, of the gateway", n)}
	}
	return Step{Step: s.Step, Result: pass, Detail: fmt.Sprintf("no request failed for lack of a resource of the gateway; it accounts for %s of the time of all requests", percent(int(q.ownTime), int(max(q.allTime, 1))))}
}

// backendStep: how long do the members take?
func (q *inquiry) backendStep() Step {
	s := Step{Step: "backend-performance", Result: unknown, Detail: "no member answered a request in the evidence"}
	var waits histogram
	for _, m := range q.members {
		waits.merge(&m.waits)
	}
	if waits.n == 0 {
		return s
	}
	s.Detail = fmt.Sprintf("time to the first byte of an answer: median %s, 99 of 100 within %s", seconds(waits.quantile(0.5)), seconds(waits.quantile(0.99)))
	s.Result = pass
	late, own := 0, 0
	for _, e := range q.events {
		switch {
		case isTimeout(e):
			late++
		case e.fault.Kind == fault.Status:
			own++
		}
	}
	if late+own > 0 {
		s.Result = fail
		s.Detail += fmt.Sprintf("; but %d requests were not answered in time, and %d with an error of the member's own", late, own)
	}
	return s
}
