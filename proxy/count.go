package proxy

import "causeway/fault"

// count moves the metrics of a finished request. The counters of a target are looked up once for a run of requests to
// it on one connection.
func (x *exchange) count(f fault.Fault) {
	m, s, t := x.s.p.metrics, x.s, x.target
	if !f.None() {
		m.Fault(string(f.Side), string(f.Phase), string(f.Kind))
	}
	if t == nil {
		m.Refused(x.rec.Status)
		return
	}
	if s.lastTarget != t {
		s.lastTarget, s.counters = t, m.Target(t.Listener, t.Pool, t.Settings)
	}
	s.counters.Request(x.rec.Status, x.rec.Taken, x.rec.Received, x.rec.Sent)
	if x.rec.HeldBack != "" && f.None() {
		m.Steered(t.Pool, t.Settings)
	}
	for i := range x.rec.Attempts {
		a := &x.rec.Attempts[i]
		s.counters.Attempt(a.Status, a.Reused, a.Connect, a.HeaderTime, a.Total)
		if !a.Fault.None() && f.None() {
			m.Recovered(string(a.Fault.Side), string(a.Fault.Phase), string(a.Fault.Kind))
		}
	}
}
