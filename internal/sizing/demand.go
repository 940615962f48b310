package sizing

import (
	"fmt"
	"time"

	"causeway/internal/diagnose/traffic"
	"causeway/internal/scale"
)

// Demand is how many clients came to a gateway whose budgets were used up, and how many it served. Causeway's log has those whom it kept
// waiting until they left, so that the load shows however far it is above what the budgets let through.
type Demand struct {
	Came, Served int           // clients, by their first requests
	Over         time.Duration // time in which they came
}

const (
	enoughClients  = 50   // that came, for a demand to be known
	clearlyMore    = 1.05 // times what is served, from which a demand is above it
	demandOfLately = 10 * time.Second
	logLag         = 2 * time.Second // that a record needs into the log, and a busy gateway to see who left
)

// DemandOf counts the clients that came between two times. It leaves out the last ones: as many may still wait as have left after the
// longest wait.
func DemandOf(t *traffic.Summary, from, to time.Time) (d Demand) {
	if 2*t.Own <= t.Requests {
		return d
	}
	list := t.Line.List()
	var longest time.Duration
	for _, b := range list {
		if !b.At.Before(from) && b.At.Before(to) {
			longest = max(longest, b.InVain)
		}
	}
	for _, b := range list {
		if !b.At.Before(from) && !b.At.Add(t.Line.Width+longest+logLag).After(to) {
			d.Came, d.Served, d.Over = d.Came+b.Clients, d.Served+b.Served, d.Over+t.Line.Width
		}
	}
	return d
}

// demandLately is that of the last seconds of the log.
func demandLately(t *traffic.Summary) Demand {
	for back := demandOfLately; ; back *= 2 {
		if d := DemandOf(t, t.To.Add(-back), t.To); d.Known() || back > 2*demandOfLately {
			return d
		}
	}
}

// Known reports whether the demand is known to be above what was served.
func (d Demand) Known() bool {
	return d.Came >= enoughClients && d.Served > 0 && float64(d.Came) >= clearlyMore*float64(d.Served)
}

// Need is how many instances the demand takes, where now so many use up their budgets. The demand must be known.
func (d Demand) Need(now int) int {
	return max(scale.Needed(float64(now)*float64(d.Came)/float64(d.Served)), now+1)
}

// Text is the demand in a sentence: 84 clients came a second, and 48 were served.
func (d Demand) Text() string {
	seconds := d.Over.Seconds()
	return fmt.Sprintf("%.0f clients came a second, and %.0f were served: the load is %.1f times what these budgets carry",
		float64(d.Came)/seconds, float64(d.Served)/seconds, float64(d.Came)/float64(d.Served))
}

// hidden reports whether so many clients wait in the kernel's queue that the demand may be much larger: more than come in half a second.
// Where the queue is full, the kernel drops who comes then.
func (d Demand) hidden(queued int) bool { return 2*float64(queued)*d.Over.Seconds() > float64(d.Came) }
