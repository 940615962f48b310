package diagnose

import (
	"math"
	"slices"
	"strings"
	"time"

	"causeway/internal/evidence"
)

// metric is the series of the gateway as a whole; nil if there is none. Where only parts are given, by listener or by
// settings, they are not added up: averages do not add.
func (t *tally) metric(name string) *evidence.Metric {
	for i := range t.metrics {
		if m := &t.metrics[i]; strings.EqualFold(m.Name, name) && len(m.Dimensions) == 0 {
			return m
		}
	}
	return nil
}

// periods are stretches of time in which a metric was at or above a limit, joined where they touch.
func periods(m *evidence.Metric, limit float64) []period {
	var out []period
	for _, p := range m.Points {
		if math.IsNaN(p.Value()) || p.Value() < limit {
			continue
		}
		if n := len(out); n > 0 && p.At.Sub(out[n-1].to) <= time.Minute {
			out[n-1].to, out[n-1].points = p.At.Add(time.Minute), out[n-1].points+1
			continue
		}
		out = append(out, period{p.At, p.At.Add(time.Minute), 1})
	}
	return out
}

// period is a stretch of time, of so many points of a metric.
type period struct {
	from, to time.Time
	points   int
}

// within reports whether a time is in one of the periods, or just after: what was begun there fails a little later.
func within(periods []period, t time.Time) bool {
	return slices.ContainsFunc(periods, func(p period) bool { return !t.Before(p.from) && t.Before(p.to) })
}

// requestsIn is how many requests began in the periods.
func (q *inquiry) requestsIn(periods []period) int {
	n := 0
	for _, i := range q.line.list() {
		if within(periods, i.at) {
			n += i.requests
		}
	}
	return n
}

// together tests whether events lie in the periods more often than the traffic does.
func (q *inquiry) together(events []*event, periods []period) (inside []*event, chance float64) {
	for _, e := range events {
		if within(periods, e.start) {
			inside = append(inside, e)
		}
	}
	share := float64(q.requestsIn(periods)) / float64(max(1, q.requests))
	return inside, binomialTail(independent(inside), independent(events), share)
}

// maxUnits is the most capacity units that the gateway may grow to, by its document: an instance has at least ten.
// 0: not known.
func (t *tally) maxUnits() float64 {
	switch {
	case t.config == nil || t.config.V1():
		return 0
	case t.config.Autoscale != nil && t.config.Autoscale.Max > 0:
		return 10 * float64(t.config.Autoscale.Max)
	}
	return 10 * float64(t.config.SKU.Capacity)
}
