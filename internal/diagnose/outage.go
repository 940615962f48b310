package diagnose

import (
	"time"

	"causeway/internal/fault"
)

// outage is a run of failures on one member between which it gave no answer: connections that broke, and attempts to
// make new ones that failed.
type outage struct {
	events  []*event
	refused int // attempts to connect that failed
	broken  int // connections that broke under a request
	silent  int // requests that waited for the whole timeout, while the member answered nobody

	back   time.Time // when it answered again; zero: it did not, or nobody has looked
	probed bool      // it was a probe that it answered
}

func (o *outage) from() time.Time { return o.events[0].start }
func (o *outage) last() time.Time { return o.events[len(o.events)-1].at }

// connectFailed reports whether no connection to the member came about.
func connectFailed(e *event) bool {
	return e.tried && (e.fault.Phase == fault.Connect || e.fault.Phase == fault.TLS && (e.fault.Kind == fault.Closed || e.fault.Kind == fault.Reset)) &&
		e.fault.Side != fault.Gateway
}

// brokeUnderRequest reports whether the member's connection ended while it had a request.
func brokeUnderRequest(e *event) bool {
	if e.closedUnanswered() {
		return true
	}
	return e.tried && e.fault.Side == fault.Backend && (e.fault.Phase == fault.Body || e.fault.Phase == fault.Head) &&
		(e.fault.Kind == fault.Truncated || e.fault.Kind == fault.Reset || e.fault.Kind == fault.Closed)
}

// quiet is how long a member may be silent within one outage without an answer being asked for.
const quiet = 2 * time.Second

// outages cuts the failures of one member into runs: a run ends where the member answers again.
func (q *inquiry) outages(events []*event, m *memberTally) []outage {
	var out []outage
	for _, e := range events {
		n := len(out)
		if n == 0 || e.start.Sub(out[n-1].last()) > quiet && m.answers.between(out[n-1].last().Add(time.Second), e.start.Add(-time.Second)) > 0 {
			out = append(out, outage{})
			n++
		}
		o := &out[n-1]
		o.events = append(o.events, e)
		switch {
		case connectFailed(e):
			o.refused++
		case isTimeout(e):
			o.silent++
		default:
			o.broken++
		}
	}
	return out
}

// memberOutages are the runs of failures of each member in which no connection came about, or in which it fell silent.
func (q *inquiry) memberOutages(f func(k memberKey, m *memberTally, o outage)) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return connectFailed(e) || brokeUnderRequest(e) || q.inSilence(e) }), (*event).key)
	for _, k := range keys {
		m := q.members[k]
		if m == nil {
			continue
		}
		for _, o := range q.outages(groups[k], m) {
			if o.refused+o.silent > 0 {
				f(k, m, o)
			}
		}
	}
}

// inSilence reports whether a request waited in vain while its member answered nobody else either, or the times of the log
// are not exact enough to tell.
func (q *inquiry) inSilence(e *event) bool {
	m := q.members[e.key()]
	if !isTimeout(e) || !e.tried || m == nil {
		return false
	}
	from, to := e.waiting()
	return !to.After(from) || m.answers.between(from, to) == 0
}

// waiting is the time in which a request waited for certain; to is not after from where the log is not exact enough.
func (e *event) waiting() (from, to time.Time) {
	return e.start.Add(2*bucket + e.resolution()), e.at.Add(-bucket - e.resolution())
}
