package traffic

import (
	"time"

	"causeway/internal/accesslog"
)

// Afterwards counts what happened to connections after the answers of a route.
type Afterwards struct {
	Used int // the next request on it was answered
	Lost int // it was not: the connection had been closed
}

// lastAnswers are the routes that connections carried last. All are forgotten when there are too many.
type lastAnswers struct {
	by     map[connKey]*RouteStats
	before []*RouteStats // of each attempt of the record that is being read, what its connection carried before; nil: not known
}

// see notes the attempts of a record.
func (l *lastAnswers) see(i int, a *accesslog.Attempt, at *Cell, route *RouteStats) {
	if i == 0 {
		l.before = l.before[:0]
	}
	l.before = append(l.before, nil)
	if a.LocalPort == 0 || at == nil {
		return
	}
	k := connKey(at.number)<<16 | connKey(a.LocalPort)
	if before := l.by[k]; before != nil && a.Reused {
		l.before[i] = before
		if a.Status > 0 {
			before.After.Used++
		} else {
			before.After.Lost++
		}
	}
	if a.Status == 0 {
		delete(l.by, k)
		return
	}
	if l.by == nil || len(l.by) >= maxConnections {
		l.by = map[connKey]*RouteStats{}
	}
	l.by[k] = route
}

// of is what the connection of an attempt had carried before; nil where it is not known.
func (l *lastAnswers) of(i int) *RouteStats {
	if i < 0 || i >= len(l.before) {
		return nil
	}
	return l.before[i]
}

// RoundTrips is the time of a few round trips to a member, as connecting to it takes one.
func (m *MemberStats) RoundTrips() time.Duration {
	if m.Connect.N == 0 {
		return Tolerance(0)
	}
	return max(3*m.Connect.Quantile(0.5), Tolerance(0))
}
