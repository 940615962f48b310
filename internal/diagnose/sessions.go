package diagnose

import (
	"fmt"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// A TCP or TLS listener passes connections on and knows of no requests in them. Its log has a row for each session, with a
// status by which it ended and the server that it went to. A session lasts as long as both sides like, so its times say
// nothing of how quick a member is, and are kept apart from those of answers.

// session counts one.
func (t *tally) session(r *accesslog.Record) {
	t.sessions++
	f, bad := sessionFault(r)
	m := t.line.at(r.Start)
	m.requests++
	for i := range r.Attempts {
		place := t.place(r, &r.Attempts[i])
		place.counts.attempts++
		place.counts.pool, place.counts.gateway = r.Pool, t.lastGateway
		place.counts.tried.add(r.Start)
		if !bad {
			place.counts.answered++
			place.counts.answers.add(r.Start) // that the member was there, it showed at the beginning
		}
	}
	t.cell(r, bad)
	if bad {
		m.failures++
	}
	t.take(r, false, t.failure(r, false, f, bad))
}

// sessionFault reads the status by which a session ended.
func sessionFault(r *accesslog.Record) (f fault.Fault, bad bool) {
	switch {
	case r.Status < 400:
		return fault.Fault{}, false
	case r.Status < 500:
		return fault.Fault{Side: fault.Client, Phase: fault.Request, Kind: fault.Malformed}, true
	case r.Status == 502 && (len(r.Attempts) == 0 && r.Taken < withoutWaiting || r.ErrorInfo == fault.UpstreamNoLive):
		return fault.Fault{Side: fault.Gateway, Phase: fault.Pick, Kind: fault.NoHealthy}, true
	case r.Status == 502 && len(r.Attempts) > 0:
		return fault.Fault{Side: fault.Backend, Phase: fault.Connect, Kind: fault.Closed}, true // why is not told
	case r.Status == 503:
		return fault.Fault{Side: fault.Gateway, Kind: fault.Exhausted, Detail: "the limit of connections"}, true
	}
	return fault.Fault{Side: fault.Gateway, Kind: fault.Panicked}, true
}

// sessionsLeft says of sessions that no cause claims what they may be. What a session carries is not the gateway's to
// know, so the causes that an HTTP request can have are not among them.
func sessionsLeft(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.session && e.fault.Phase == fault.Connect }), (*event).key)
	for _, k := range keys {
		rivals := []string{"b-refused", "c-restart", "b-drop", "a-slow-eviction", "i-wrong-port", "c-accept-queue", "b-reject", "b-route"}
		next := fmt.Sprintf("no connection to %s came about, after %s in the median, and the log does not say why: look at its port on the member (ss -ltn), at firewalls and routes, and at when its process started",
			k.server, seconds(quantile(sortedDurations(groups[k], lasted), 0.5)))
		if t := q.trailOf(groups[k][0]); t != nil && !t.isUp() {
			next += "; backend health says of it now: " + t.now.Detail
		}
		q.suspect(groups[k], next, rivals...)
	}
	if events := q.unclaimed(func(e *event) bool { return e.session && e.fault.Side == fault.Client }); len(events) > 0 {
		clients, _ := groupBy(events, func(e *event) string { return e.client.String() })
		q.suspect(events, fmt.Sprintf("what these clients (%s) sent was not the protocol of the listener: see by clientIP who they are, and what they mean to reach", count(len(clients), "address", "addresses")),
			"j-scanner", "j-invalid-request")
	}
	if events := q.unclaimed(func(e *event) bool { return e.session }); len(events) > 0 {
		q.suspect(events, "the gateway ended these sessions without a reason in the log: hold their times and instances against the activity log and Resource Health, and open a ticket with them",
			"h-instance-fault", "h-maintenance", "h-state", "c-gateway-reload")
	}
}
