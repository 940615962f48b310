package proxy

import (
	"causeway/internal/fault"
	"causeway/internal/telemetry"
)

// kept is what all requests to a target share at their end.
type kept struct {
	by       *Proxy
	counters *telemetry.Target
	names    []byte // how their records begin: see accesslog.Record
}

// kept is computed by the first request to a target, whose record names the target by then. If two requests are first at
// once, both compute the same.
func (x *exchange) kept() *kept {
	t, p := x.target, x.s.p
	k, _ := t.Kept.Load().(*kept)
	if k == nil || k.by != p {
		k = &kept{p, p.metrics.Target(t.Listener, t.Pool, t.Settings), x.rec.AppendNames(nil)}
		t.Kept.Store(k)
	}
	return k
}

// count updates the metrics for a finished request.
func (x *exchange) count(f *fault.Fault) {
	m, t := x.s.p.metrics, x.target
	if !f.None() {
		m.Fault(string(f.Side), string(f.Phase), string(f.Kind))
	}
	if t == nil {
		m.Refused(x.rec.Status)
		return
	}
	counters := x.kept().counters
	counters.Request(x.rec.Status, x.rec.Taken, x.rec.Received, x.rec.Sent)
	if x.rec.HeldBack != "" && f.None() {
		m.Steered(t.Pool, t.Settings)
	}
	for i := range x.rec.Attempts {
		a := &x.rec.Attempts[i]
		counters.Attempt(a.Status, a.Reused, a.Connect, a.HeaderTime, a.Total)
		if !a.Fault.None() && f.None() {
			m.Recovered(string(a.Fault.Side), string(a.Fault.Phase), string(a.Fault.Kind))
		}
	}
}
