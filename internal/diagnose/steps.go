package diagnose

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"causeway/internal/diagnose/analyzers/capacity"
	"causeway/internal/diagnose/analyzers/probes"
	"causeway/internal/diagnose/analyzers/timing"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// namelessText describes what a log without members does show; empty if that is nothing.
func namelessText(c *inference.Case) string {
	if c.Traffic.Nameless.N == 0 {
		return ""
	}
	return "the log names no member, but " + units.Count(c.Traffic.Nameless.N, "request was answered", "requests were answered")
}

// steps answers the usual questions about intermittent 502s, in turn, as far as the evidence goes.
func steps(c *inference.Case, r *report.Report) []report.Step {
	return []report.Step{healthStep(c), timeoutStep(c), connectionStep(c), gatewayStep(c), backendStep(c)}
}

// healthStep: were all members healthy, all the time?
func healthStep(c *inference.Case) report.Step {
	s := report.Step{Step: "backend-health", Result: report.NotKnown, Detail: "there is no backend health among the evidence"}
	counts := unhealthyByMetrics(c)
	if c.Traffic.Health == nil {
		if counts != "" {
			return report.Step{Step: s.Step, Result: report.Fail, Detail: counts}
		}
		return s
	}
	var bad []string
	var began time.Time // of what is known, where that is later than the window's begin
	for i := range c.Traffic.Histories {
		t := &c.Traffic.Histories[i]
		if !strings.EqualFold(t.Now.Health, "Up") && !strings.EqualFold(t.Now.Health, "Healthy") {
			bad = append(bad, fmt.Sprintf("%s (%s) is %s: %s", t.Member, t.Settings, t.Now.Health, t.Now.Detail))
			continue
		}
		if c.Traffic.From.IsZero() {
			continue
		}
		if change, down := t.WentDown(c.Traffic.From, c.Traffic.To); down {
			bad = append(bad, fmt.Sprintf("%s (%s) is healthy now, and was %s", t.Member, t.Settings, probes.Text(change)))
		} else if change, known := t.At(c.Traffic.From); known && !change.Up {
			bad = append(bad, fmt.Sprintf("%s (%s) is healthy now, and was not yet when this window began", t.Member, t.Settings))
		} else if !known && len(t.Changes) > 0 && t.Changes[0].At.After(began) {
			began = t.Changes[0].At // a gateway that started within the window has not probed before
		}
	}
	apart := healthApart(c, report.Scope{}, c.Traffic.From, c.Traffic.To)
	switch {
	case len(bad) > 0 && apart != "":
		return report.Step{
			Step:   s.Step,
			Result: report.Fail,
			Detail: "this report is " + apart + " the records: " + strings.Join(bad, "; "),
		}
	case len(bad) > 0:
		return report.Step{Step: s.Step, Result: report.Fail, Detail: strings.Join(bad, "; ")}
	case len(c.Traffic.Histories) == 0:
		return report.Step{Step: s.Step, Result: report.NotKnown, Detail: "the backend health among the evidence has no members"}
	case c.Traffic.From.IsZero():
		return report.Step{
			Step:   s.Step,
			Result: report.Pass,
			Detail: "all members (" + strconv.Itoa(len(c.Traffic.Histories)) + ") are healthy" + probedLast(c),
		}
	case !c.HaveHistory() && counts != "":
		return report.Step{
			Step:   s.Step,
			Result: report.Fail,
			Detail: "all members (" + strconv.Itoa(len(c.Traffic.Histories)) +
				") are healthy in this report, and were not before: " + counts,
		}
	case apart != "":
		return report.Step{
			Step:   s.Step,
			Result: report.Pass,
			Detail: "all members (" + strconv.Itoa(len(c.Traffic.Histories)) + ") are healthy in this report, which is " + apart +
				" the records; how they were when requests failed it does not say",
		}
	case !c.HaveHistory():
		return report.Step{
			Step:   s.Step,
			Result: report.Pass,
			Detail: "all members (" + strconv.Itoa(len(c.Traffic.Histories)) +
				") are healthy in this report; how they were when requests failed it does not say",
		}
	}
	if !began.IsZero() {
		return report.Step{
			Step:   s.Step,
			Result: report.Pass,
			Detail: "all members (" + strconv.Itoa(len(c.Traffic.Histories)) + ") are healthy, and were so since " +
				began.UTC().Format(time.RFC3339) + "; how they were before, in this window, it does not say" + probedLast(c),
		}
	}
	return report.Step{
		Step:   s.Step,
		Result: report.Pass,
		Detail: "all members (" + strconv.Itoa(len(c.Traffic.Histories)) + ") are healthy, and were so in this window" + probedLast(c),
	}
}

// unhealthyByMetrics says where the metrics count unhealthy members within the window; empty if they do not.
func unhealthyByMetrics(c *inference.Case) string {
	var out []string
	for i := range c.Traffic.Metrics {
		m := &c.Traffic.Metrics[i]
		if !strings.EqualFold(m.Name, "UnhealthyHostCount") {
			continue
		}
		most, from, to := 0.0, time.Time{}, time.Time{}
		for _, p := range m.Points {
			v := p.Value()
			if !(v > 0) || !c.Traffic.From.IsZero() && (p.At.Before(c.Traffic.From.Add(-time.Minute)) || p.At.After(c.Traffic.To)) {
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
		out = append(out, fmt.Sprintf("the metrics count up to %s unhealthy members%s between %s and %s",
			strconv.FormatFloat(most, 'f', -1, 64), place, units.Stamp(from), units.Stamp(to)))
	}
	return strings.Join(out, "; ")
}

// probedLast gives the time for which the report of health holds, where it has one.
func probedLast(c *inference.Case) string {
	last := ""
	for i := range c.Traffic.Histories {
		if x := c.Traffic.Histories[i].Now.Causeway; x != nil && x.LastProbe > last {
			last = x.LastProbe
		}
	}
	if last == "" {
		return ""
	}
	return "; last probed at " + last
}

// timeoutStep: did requests run into the request timeout?
func timeoutStep(c *inference.Case) report.Step {
	s := report.Step{Step: "request-timeout", Result: report.NotKnown, Detail: "there are no requests among the evidence"}
	if c.Traffic.Requests == 0 {
		return s
	}
	late := traffic.Filter(c.Traffic.Events, traffic.IsTimeout)
	sure, unsaid := traffic.Partition(late, c.RanOut)
	var ran []string
	if n := len(sure); n > 0 {
		ran = append(ran, units.Count(n, "request", "requests")+" waited for the whole request timeout")
	}
	if n := len(traffic.Filter(c.Traffic.Events, timing.SilenceInBody)); n > 0 {
		ran = append(ran, units.Count(n, "answer that had begun was", "answers that had begun were")+
			" cut when nothing had come for the request timeout")
	}
	if n := timing.SilentEnds(c); n > 0 {
		ran = append(ran, units.Count(n, "WebSocket was", "WebSockets were")+" ended after a silence as long as the request timeout")
	}
	switch {
	case len(ran) > 0:
		return report.Step{Step: s.Step, Result: report.Fail, Detail: strings.Join(ran, "; ")}
	case len(unsaid) > 0:
		return report.Step{
			Step:   s.Step,
			Result: report.NotKnown,
			Detail: fmt.Sprintf("%s timed out after %s; whether the request timeout was that long then is not in the evidence",
				units.Count(len(unsaid), "request", "requests"), units.Span(traffic.SortedDurations(unsaid, traffic.Lasted))),
		}
	}
	slowest, answered := time.Duration(0), 0
	for _, r := range c.Traffic.Routes {
		slowest, answered = max(slowest, r.Slowest()), answered+r.Answered
	}
	switch {
	case answered == 0 && c.Traffic.Nameless.N > 0:
		return report.Step{
			Step:   s.Step,
			Result: report.NotKnown,
			Detail: namelessText(c) + "; which of the request timeouts was theirs it does not say",
		}
	case answered == 0:
		return report.Step{
			Step:   s.Step,
			Result: report.NotKnown,
			Detail: "no member answered a request, so there is nothing to compare the request timeout with",
		}
	case len(c.Traffic.Timeouts) == 0:
		return report.Step{
			Step:   s.Step,
			Result: report.NotKnown,
			Detail: fmt.Sprintf("no request is known to have run into it; the timeout itself is not among the evidence. The slowest answer came after %s", units.Seconds(slowest)),
		}
	}
	if name, most := outlasted(c); name != "" {
		return report.Step{
			Step:   s.Step,
			Result: report.NotKnown,
			Detail: fmt.Sprintf("an answer under %s took %s, and the document gives it %s: that time runs between two reads, so its bytes came in pieces, or the document is of another time",
				name, units.Seconds(most), units.Seconds(c.Traffic.Timeouts[name])),
		}
	}
	names := make([]string, 0, len(c.Traffic.Timeouts))
	for _, name := range units.SortedKeys(c.Traffic.Timeouts) {
		names = append(names, fmt.Sprintf("%s %s", name, units.Seconds(c.Traffic.Timeouts[name])))
	}
	return report.Step{
		Step:   s.Step,
		Result: report.Pass,
		Detail: fmt.Sprintf("no answer took as long as the request timeout (%s); the slowest came after %s", strings.Join(names, ", "),
			units.Seconds(slowest)),
	}
}

// outlasted names settings under which an answer came later than their request timeout, and how late.
func outlasted(c *inference.Case) (settings string, most time.Duration) {
	for _, s := range units.SortedKeys(c.Traffic.Timeouts) {
		if limit := c.Traffic.Timeouts[s]; limit > 0 && c.Traffic.RoutesOf(s).Waits.Max >= limit {
			return s, c.Traffic.RoutesOf(s).Waits.Max
		}
	}
	return "", 0
}

// connectionStep: were connections to members established, and did they last?
func connectionStep(c *inference.Case) report.Step {
	s := report.Step{Step: "backend-connections", Result: report.NotKnown, Detail: "there are no requests among the evidence"}
	if c.Traffic.Requests == 0 {
		return s
	}
	connect, broke, unsaid, tried := 0, 0, 0, 0
	for _, m := range c.Traffic.Members {
		tried += m.Attempts
	}
	if tried == 0 && c.Traffic.Nameless.N > 0 {
		return report.Step{Step: s.Step, Result: report.NotKnown, Detail: namelessText(c)}
	}
	if tried == 0 {
		return report.Step{Step: s.Step, Result: report.NotKnown, Detail: "no request got as far as a member"}
	}
	for _, e := range c.Traffic.Events {
		if inference.ConnectFailed(e) {
			connect++
		}
		switch {
		case e.Ambiguous && traffic.ClosedSomehow(e):
			unsaid++
		case inference.BrokeUnderRequest(e) || traffic.ClosedSomehow(e):
			broke++
		}
	}
	silent := c.Traffic.Own == 0 && !c.Traffic.HasConnectTimes() // this log does not show whether one was established
	if silent && broke > 0 {
		return report.Step{
			Step:   s.Step,
			Result: report.Fail,
			Detail: fmt.Sprintf("%d requests ended with their connection to a member; whether one was established this log does not show", broke),
		}
	}
	if connect+broke > 0 {
		return report.Step{
			Step:   s.Step,
			Result: report.Fail,
			Detail: fmt.Sprintf("%d attempts to connect failed; %d connections ended under a request", connect, broke) + connectTimes(c),
		}
	}
	if unsaid > 0 {
		return report.Step{
			Step:   s.Step,
			Result: report.NotKnown,
			Detail: fmt.Sprintf("%d requests failed with a 502 that the gateway may have written after a connection failed, or the member itself", unsaid) + connectTimes(c),
		}
	}
	if silent {
		return report.Step{
			Step:   s.Step,
			Result: report.NotKnown,
			Detail: "no request ended with its connection to a member; whether each was established this log does not show",
		}
	}
	return report.Step{
		Step:   s.Step,
		Result: report.Pass,
		Detail: "every connection was established, and none ended under a request" + connectTimes(c),
	}
}

// connectTimes is how long it took to connect: that is the network, and TLS.
func connectTimes(c *inference.Case) string {
	var all stats.Histogram
	for _, m := range c.Traffic.Members {
		all.Merge(&m.Connect)
	}
	if all.N == 0 {
		return ""
	}
	return fmt.Sprintf("; to connect took %s in the median, and %s at most", units.Seconds(all.Quantile(0.5)), units.Seconds(all.Max))
}

// gatewayStep: was it the gateway itself?
func gatewayStep(c *inference.Case) report.Step {
	s := report.Step{
		Step:   "gateway-performance",
		Result: report.NotKnown,
		Detail: "neither Causeway's trace nor the gateway's metrics are among the evidence",
	}
	var facts []string
	for _, m := range []struct {
		name, unit string
		limit      float64
	}{
		{"CapacityUnits", "capacity units", c.Traffic.MaxUnits()},
		{"ComputeUnits", "compute units", c.Traffic.MaxUnits()},
		{"CpuUtilization", "% of the processors", 100},
	} {
		if top, ok := c.PeakOf(m.name); ok {
			s.Result = report.Pass
			text := fmt.Sprintf("at most %.0f %s", top, m.unit)
			if m.limit > 0 && m.name != "CpuUtilization" {
				text += fmt.Sprintf(" of %.0f", m.limit)
			}
			if m.limit > 0 && top >= capacity.Full*m.limit {
				s.Result = report.Fail
			}
			facts = append(facts, text)
		}
	}
	if c.Traffic.AllTime > 0 {
		facts = append(facts, fmt.Sprintf("the gateway and its clients' side account for %s of the time of answered requests",
			units.Percent(int(c.Traffic.OwnTime/time.Microsecond), int(max(c.Traffic.AllTime/time.Microsecond, 1)))))
	}
	if c.Traffic.WAF.N > 0 {
		facts = append(facts, fmt.Sprintf("inspection by the firewall took %s at most", units.Seconds(c.Traffic.WAF.Max)))
	}
	n := 0
	for _, e := range c.Traffic.Events {
		if e.Own && (e.Fault.Kind == fault.Exhausted || e.Fault.Kind == fault.Panicked) {
			n++
		}
	}
	switch {
	case n > 0:
		s.Result = report.Fail
		facts = append([]string{fmt.Sprintf("%d requests failed for lack of a resource, or for a defect, of the gateway", n)}, facts...)
	case c.Traffic.Own > 0 && s.Result == report.NotKnown:
		s.Result = report.Pass
		facts = append([]string{"no request failed for lack of a resource of the gateway"}, facts...)
	}
	s, facts = withRecorded(c, s, facts)
	if len(facts) > 0 {
		s.Detail = strings.Join(facts, "; ")
		if s.Result == report.NotKnown {
			s.Detail += "; the metrics of the gateway would tell whether it was short of capacity"
		}
	}
	return s
}

// backendStep: how long do the members take?
func backendStep(c *inference.Case) report.Step {
	s := report.Step{Step: "backend-performance", Result: report.NotKnown, Detail: "no member answered a request in the evidence"}
	var waits stats.Histogram
	for _, m := range c.Traffic.Members {
		waits.Merge(&m.Waits)
	}
	if waits.N == 0 && c.Traffic.Nameless.Waits.N > 0 {
		w := &c.Traffic.Nameless.Waits
		s.Detail = fmt.Sprintf("%s: median %s, 99 of 100 within %s", namelessText(c), units.Seconds(w.Quantile(0.5)),
			units.Seconds(w.Quantile(0.99)))
		return s
	}
	if waits.N == 0 {
		return s
	}
	s.Detail = fmt.Sprintf("time to the first byte of an answer: median %s, 99 of 100 within %s", units.Seconds(waits.Quantile(0.5)),
		units.Seconds(waits.Quantile(0.99)))
	s.Result = report.Pass
	late, own, unsaid := 0, 0, 0
	for _, e := range c.Traffic.Events {
		switch {
		case e.Ambiguous && e.Fault.Kind != fault.Status:
			unsaid++
		case traffic.IsTimeout(e):
			late++
		case e.Fault.Kind == fault.Status:
			own++
		}
	}
	switch {
	case late+own > 0:
		s.Result = report.Fail
		s.Detail += "; but " + latenessText(late, own)
	case unsaid > 0:
		s.Result = report.NotKnown
		s.Detail += fmt.Sprintf("; but %d failed with a status that a member may have given, or the gateway itself", unsaid)
	}
	return s
}

// latenessText says how many requests members did not answer in time, and how many with an error of their own.
func latenessText(late, own int) string {
	var parts []string
	if late > 0 {
		parts = append(parts, units.Count(late, "request was", "requests were")+" not answered in time")
	}
	if own > 0 {
		parts = append(parts, units.Count(own, "request was", "requests were")+" answered with an error of the member's own")
	}
	return strings.Join(parts, ", and ")
}
