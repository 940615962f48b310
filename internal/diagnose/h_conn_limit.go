package diagnose

import (
	"fmt"

	"causeway/internal/fault"
)

var sessionLimit = hypothesis{
	cause: "h-conn-limit", needs: theLog,
	test: "the log of a TCP or TLS listener says that the limit of connections was reached (serverStatus 503), and the metrics do not refute it",
	look: connectionLimit,
}

// connectionLimit: the status names the limit, and not whose it is nor how high.
func connectionLimit(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.session && e.fault.Kind == fault.Exhausted }), func(e *event) string { return e.listener })
	for _, k := range keys {
		events := groups[k]
		top, known := q.peakOf("CurrentConnections")
		limit := connectionsPerUnit * q.maxUnits()
		if known && limit > 0 && 2*top < limit {
			q.suspect(events, fmt.Sprintf("the log says that a limit of connections was reached, and the metrics count %.0f at most where capacity allows %.0f: look for a limit of the listener's or the member's own, and for a peak shorter than a minute", top, limit),
				"h-conn-limit", "c-backend-conn-limit", "h-instance-fault")
			continue
		}
		f := q.claim("h-conn-limit", events, scopeOf(events), Medium)
		f.says("access-log", fmt.Sprintf("%s through listener %s ended with serverStatus 503: the limit of connections was reached", count(len(events), "session", "sessions"), dash(k)), events...)
		if known {
			f.says("metrics", fmt.Sprintf("CurrentConnections reached %.0f", top))
		}
		f.leaves("h-capacity-max")
		f.may("c-backend-conn-limit")
		q.fill(map[string]string{}, f)
	}
}
