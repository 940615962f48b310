package diagnose

import (
	"math"
	"time"

	"causeway/accesslog"
)

// connections tells from Azure's log which requests went over a connection that had been used before: instance, member
// and source port name one. The log has no field for reuse, idle age or age; they are as exact as its times, which are
// whole seconds.
type connections struct {
	known map[connKey]connState
	swept int64
}

// connKey is the number of an instance and member, and the port. Keys and states are small and without pointers: there
// are a hundred thousand of them, and each request looks for one.
type connKey uint64

type connState struct {
	opened int64 // in nanoseconds, as is the end of the last request on it
	last   int64
	uses   uint32
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
	start := r.Start.UnixNano()
	end := start + int64(r.Taken)
	k := connKey(at.number)<<16 | connKey(a.LocalPort)
	s, known := c.known[k]
	if idle := time.Duration(start - s.last); known && idle < longestIdle {
		a.Reused, a.Uses, a.Idle, a.Age = true, int(s.uses), max(0, idle), max(0, time.Duration(start-s.opened))
	} else {
		s = connState{opened: start, last: math.MinInt64}
	}
	if a.Status == 0 { // it ended with this request
		delete(c.known, k)
		return
	}
	s.uses++
	s.last = max(s.last, end)
	if c.known == nil {
		c.known = map[connKey]connState{}
	}
	c.known[k] = s
	c.sweep(end)
}

// sweep forgets what cannot be reused any more.
func (c *connections) sweep(now int64) {
	if len(c.known) < maxConnections || now-c.swept < int64(longestIdle/4) && len(c.known) < 2*maxConnections {
		return
	}
	c.swept = now
	for k, s := range c.known {
		if now-s.last > int64(longestIdle) {
			delete(c.known, k)
		}
	}
	if len(c.known) >= 2*maxConnections {
		clear(c.known)
	}
}
