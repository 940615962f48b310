package inference

import (
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/stats"
)

// Outage is a run of failures on one member between which it gave no answer: connections that broke, and attempts to
// make new ones that failed.
type Outage struct {
	Events  []*traffic.Event
	Refused int // attempts to connect that failed
	Broken  int // connections that broke under a request
	Silent  int // requests that waited for the whole timeout, while the member answered nothing

	Back   time.Time // when it answered again; zero: it did not, or that is not computed
	Probed bool      // a probe got the answer at Back
}

// From is when the first request of the outage began.
func (o *Outage) From() time.Time { return o.Events[0].Start }

// Last is when the last attempt of the outage ended.
func (o *Outage) Last() time.Time { return o.Events[len(o.Events)-1].At }

// ConnectFailed reports whether no connection to the member was established.
func ConnectFailed(e *traffic.Event) bool {
	return e.Tried && (e.Fault.Phase == fault.Connect || e.Fault.Phase == fault.TLS && (e.Fault.Kind == fault.Closed ||
		e.Fault.Kind == fault.Reset)) &&
		e.Fault.Side != fault.Gateway
}

// BrokeUnderRequest reports whether the member's connection ended while it had a request.
func BrokeUnderRequest(e *traffic.Event) bool {
	if e.ClosedUnanswered() || e.Established && traffic.ClosedSomehow(e) {
		return true
	}
	return e.Tried && e.Fault.Side == fault.Backend && (e.Fault.Phase == fault.Body || e.Fault.Phase == fault.Head) &&
		(e.Fault.Kind == fault.Truncated || e.Fault.Kind == fault.Reset || e.Fault.Kind == fault.Closed)
}

// outages cuts the failures of one member into runs: a run ends where the member answers again.
func (c *Case) outages(events []*traffic.Event, m *traffic.MemberStats) []Outage {
	var out []Outage
	for _, e := range events {
		n := len(out)
		if n == 0 || e.Start.Sub(out[n-1].Last()) > traffic.Quiet && m.Answers.Between(out[n-1].Last().Add(time.Second),
			e.Start.Add(-time.Second)) > 0 {
			out = append(out, Outage{})
			n++
		}
		o := &out[n-1]
		o.Events = append(o.Events, e)
		switch {
		case ConnectFailed(e):
			o.Refused++
		case traffic.IsTimeout(e):
			o.Silent++
		default:
			o.Broken++
		}
	}
	return out
}

// MemberOutages calls a function for each run of failures in which no connection to a member was established, or it fell silent.
func (c *Case) MemberOutages(f func(k traffic.MemberKey, m *traffic.MemberStats, o Outage)) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return ConnectFailed(e) || BrokeUnderRequest(e) ||
			c.DuringSilence(e)
	}), (*traffic.Event).Key)
	for _, k := range keys {
		m := c.Traffic.Members[k]
		if m == nil {
			continue
		}
		for _, o := range c.outages(groups[k], m) {
			if o.Refused+o.Silent > 0 {
				f(k, m, o)
			}
		}
	}
}

// DuringSilence reports whether a request waited in vain while its member answered nothing else either, or the times of the log
// are not exact enough to tell.
func (c *Case) DuringSilence(e *traffic.Event) bool {
	m := c.Traffic.Members[e.Key()]
	if !traffic.IsTimeout(e) || !e.Tried || m == nil {
		return false
	}
	from, to := waiting(e)
	return !to.After(from) || m.Answers.Between(from, to) == 0
}

// waiting is the time in which a request waited for certain; to is not after from where the log is not exact enough. A log of whole
// seconds stamps the end, so that an answer with a stamp from a second after the request began to a second before it ended came between.
func waiting(e *traffic.Event) (from, to time.Time) {
	if d := e.Resolution(); d > 0 {
		return e.At.Add(d - traffic.Lasted(e)).Add(-stats.BinWidth), e.At.Add(stats.BinWidth - d)
	}
	return e.Start.Add(2 * stats.BinWidth), e.At.Add(-stats.BinWidth)
}
