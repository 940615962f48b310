package diagnose

import (
	"time"

	"causeway/accesslog"
)

// connections tells from Azure's log which requests went over a connection that had been used before: instance, member
// and source port name one. The log has no field for reuse, idle age or age; they are as exact as its times, which are
// whole seconds.
type connections struct {
	known map[connKey]connState
	swept time.Time
}

type connKey struct {
	at   *cell // instance and member
	port uint16
}

type connState struct {
	opened time.Time
	last   time.Time // end of the last request on it
	uses   int
}

const (
	// longestIdle is the longest time for which a source port is believed to be the same connection. Ports come round
	// again, at a rate that is not known; gateways keep idle connections for minutes at most.
	longestIdle    = 5 * time.Minute
	maxConnections = 1 << 17
)

// see notes a request, and fills in what its attempt says of the connection.
func (c *connections) see(r *accesslog.Record, a *accesslog.Attempt, at *cell) {
	if a.LocalPort == 0 || !a.Server.IsValid() {
		return
	}
	end := r.Start.Add(r.Taken)
	k := connKey{at, a.LocalPort}
	s, known := c.known[k]
	idle := r.Start.Sub(s.last)
	if known && idle < longestIdle {
		a.Reused, a.Uses, a.Idle, a.Age = true, s.uses, max(0, idle), max(0, r.Start.Sub(s.opened))
	} else {
		s = connState{opened: r.Start}
	}
	if a.Status == 0 { // it ended with this request
		delete(c.known, k)
		return
	}
	if s.uses++; end.After(s.last) {
		s.last = end
	}
	if c.known == nil {
		c.known = map[connKey]connState{}
	}
	c.known[k] = s
	c.sweep(end)
}

// sweep forgets what cannot be reused any more.
func (c *connections) sweep(now time.Time) {
	if len(c.known) < maxConnections || now.Sub(c.swept) < longestIdle/4 && len(c.known) < 2*maxConnections {
		return
	}
	c.swept = now
	for k, s := range c.known {
		if now.Sub(s.last) > longestIdle {
			delete(c.known, k)
		}
	}
	if len(c.known) >= 2*maxConnections {
		clear(c.known)
	}
}
