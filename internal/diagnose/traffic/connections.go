package traffic

import (
	"math"
	"time"

	"causeway/internal/accesslog"
)

// connections works out from Azure's log which requests went over a connection that had been used before: instance, member
// and source port name one. The log has no field for reuse, idle age or age; they are as exact as its times, which are
// whole seconds.
type connections struct{ table connTable }

// longestIdle is the longest time for which a source port is believed to be the same connection. Ports come round again, at
// a rate that is not known; gateways keep idle connections for minutes at most.
const longestIdle = 5 * time.Minute

// see notes a request, and fills in what is known of its attempt's connection.
func (c *connections) see(r *accesslog.Record, a *accesslog.Attempt, at *Cell) {
	if a.LocalPort == 0 || !a.Server.IsValid() {
		return
	}
	start := r.Start.UnixNano()
	end := start + int64(r.Taken)
	k := connKey(at.number)<<16 | connKey(a.LocalPort)
	s := c.table.slot(k, end)
	if idle := time.Duration(start - s.last); s.uses > 0 && idle < longestIdle {
		a.Reused, a.Uses, a.Idle, a.Age = true, int(s.uses), max(0, idle), max(0, time.Duration(start-s.opened))
	} else {
		s.opened, s.last, s.uses = start, math.MinInt64, 0
	}
	if a.Status == 0 { // it ended with this request
		s.uses = 0
		return
	}
	s.uses++
	s.last = max(s.last, end)
}
