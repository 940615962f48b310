package traffic

import (
	"fmt"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// PlaceWaits are those of clients for room under the gateway's limit of connections.
type PlaceWaits struct {
	N        int
	times    stats.Histogram
	from, to time.Time
	id       string // of the one that waited longest
	Longest  time.Duration
}

func (w *PlaceWaits) see(r *accesslog.Record) {
	if r.Queued <= 0 {
		return
	}
	w.N++
	w.times.Add(r.Queued)
	if w.from.IsZero() || r.Start.Before(w.from) {
		w.from = r.Start
	}
	w.to = units.Later(w.to, r.Start)
	if r.Queued > w.Longest {
		w.Longest, w.id = r.Queued, IDOf(r)
	}
}

// Text says who waited, for how long, and when.
func (w *PlaceWaits) Text() string {
	return fmt.Sprintf("%s for room under the gateway's limit of connections, %s at most (%s), the half of them no longer than %s, between %s and %s: every connection was busy with a request, or it would have given way",
		units.Count(w.N, "client waited", "clients waited"), units.Seconds(w.Longest), w.id, units.Seconds(w.times.Quantile(0.5)),
		units.Stamp(w.from), units.Stamp(w.to))
}
