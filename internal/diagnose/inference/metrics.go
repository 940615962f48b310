package inference

import (
	"math"
	"slices"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/stats"
)

// Periods are the times in which a metric was at or above a limit, joined where they touch.
func Periods(m *evidence.Metric, limit float64) []Period {
	var out []Period
	for _, p := range m.Points {
		if math.IsNaN(p.Value()) || p.Value() < limit {
			continue
		}
		if n := len(out); n > 0 && p.At.Sub(out[n-1].To) <= time.Minute {
			out[n-1].To, out[n-1].Points = p.At.Add(time.Minute), out[n-1].Points+1
			continue
		}
		out = append(out, Period{p.At, p.At.Add(time.Minute), 1})
	}
	return out
}

// Period is a span of time that covers Points points of a metric.
type Period struct {
	From, To time.Time
	Points   int
}

// Within reports whether a time is in one of the periods, or just after: a request that began there fails a little later.
func Within(periods []Period, t time.Time) bool {
	return slices.ContainsFunc(periods, func(p Period) bool { return !t.Before(p.From) && t.Before(p.To) })
}

// RequestsIn is how many requests began in the periods.
func (c *Case) RequestsIn(periods []Period) int {
	n := 0
	for _, i := range c.Traffic.Line.List() {
		if Within(periods, i.At) {
			n += i.Requests
		}
	}
	return n
}

// Together tests whether events lie in the periods more often than the traffic does.
func (c *Case) Together(events []*traffic.Event, periods []Period) (inside []*traffic.Event, chance float64) {
	for _, e := range events {
		if Within(periods, e.Start) {
			inside = append(inside, e)
		}
	}
	share := float64(c.RequestsIn(periods)) / float64(max(1, c.Traffic.Requests))
	return inside, stats.BinomialTail(Independent(inside), Independent(events), share)
}
