package inference

import (
	"math"
	"slices"
	"time"

	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
)

// Lasting is how long nothing may listen before it is more than a restart.
const Lasting = 10 * time.Second

// GatewayMade matches failures that the gateway met, whatever is behind them. It leaves out the statuses that a backend or a client sent,
// or may have sent.
func GatewayMade(e *traffic.Event) bool {
	return e.Visible && e.Fault.Side != fault.Client && e.Fault.Kind != fault.Status && !e.Ambiguous && e.Instance != ""
}

// HaveHistory reports whether backend health has the history of some member.
func (c *Case) HaveHistory() bool {
	return slices.ContainsFunc(c.Traffic.Histories, func(t health.History) bool { return len(t.Changes) > 0 })
}

// PeakOf is the highest value of a metric in the window, in the metric's unit; false if there is none.
func (c *Case) PeakOf(name string) (top float64, ok bool) {
	m := c.Traffic.Metric(name)
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

// LongerThan is the request timeout to try next: half as long again, in whole seconds.
func LongerThan(limit time.Duration) time.Duration {
	return (limit*3/2 + time.Second - 1).Truncate(time.Second)
}
