package diagnose

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/fault"
)

// At the limit of connections a silent one gives way to a new one. So a client waits for room only while every connection is busy with
// a request, and the first record of its connection says for how long, at most.

var queuedClients = hypothesis{
	cause: "h-conn-limit", needs: theTrace,
	test: "the first records of connections say that their clients waited for room, as they do only while all connections that the gateway has room for are busy with requests",
	look: (*inquiry).queuedClients,
}

// waits are those of clients for room under the gateway's limit of connections.
type waits struct {
	n        int
	times    histogram
	from, to time.Time
	id       string // of the one that waited longest
	longest  time.Duration
}

func (w *waits) see(r *accesslog.Record) {
	if r.Queued <= 0 {
		return
	}
	w.n++
	w.times.add(r.Queued)
	if w.from.IsZero() || r.Start.Before(w.from) {
		w.from = r.Start
	}
	w.to = later(w.to, r.Start)
	if r.Queued > w.longest {
		w.longest, w.id = r.Queued, idOf(r)
	}
}

// text says who waited, for how long, and when.
func (w *waits) text() string {
	return fmt.Sprintf("%s for room under the gateway's limit of connections, %s at most (%s), the half of them no longer than %s, between %s and %s: every connection was busy with a request, or it would have given way",
		count(w.n, "client waited", "clients waited"), seconds(w.longest), w.id, seconds(w.times.quantile(0.5)), stamp(w.from), stamp(w.to))
}

// queuedClients: clients that gave up had waited for room for longer than for anything else. What others waited has a part in whatever
// else failed, and stands beside it.
func (q *inquiry) queuedClients() {
	if q.waits.n == 0 || q.failures == 0 {
		return // worth knowing, if anything
	}
	left := q.unclaimed(func(e *event) bool {
		gone := e.fault.Kind == fault.Closed || e.fault.Kind == fault.Reset || e.fault.Phase == fault.Deliver
		return e.fault.Side == fault.Client && gone && e.queued >= patience && e.queued >= e.taken
	})
	if len(left) == 0 && (q.waits.n < minEvents || q.waits.longest < patience) {
		return // nobody gives up for that
	}
	confidence := Medium // one may have left for another reason
	if len(left) == 0 {
		confidence = High // that they waited, the gateway saw itself
	}
	var f *finding
	if len(left) > 0 {
		f = q.claim("h-conn-limit", left, Scope{}, confidence)
		f.says("access-log", fmt.Sprintf("%s that had waited for room for longer than it was at work", count(len(left), "request was given up by a client", "requests were given up by clients")), left...)
		f.leaves("j-client-abort")
	} else {
		f = q.remark("h-conn-limit", filtered(q.events, func(e *event) bool { return e.queued > 0 }), Scope{}, confidence)
	}
	f.says("access-log", q.waits.text())
	f.excludes("h-fd", "the gateway keeps to a limit below that of its descriptors: it made clients wait, and refused nothing")
	f.expect("gateway", 0, len(left), "bounded", "whether they would have waited for an answer is not in the evidence")
	q.fill(map[string]string{}, f)
}

// queuedNotice tells of clients that waited where that is no finding.
func (q *inquiry) queuedNotice() []Notice {
	found := slices.ContainsFunc(q.findings, func(f *finding) bool { return f.Cause == "h-conn-limit" })
	if q.waits.n == 0 || found {
		return nil
	}
	return []Notice{{
		Cause: "h-conn-limit", Fact: q.waits.text(),
		Do: "raise the limit of open files (LimitNOFILE), answer faster, or spread the clients over more gateways; causeway_client_connections_evicted_total and causeway_client_connections_refused_total count what gave way meanwhile",
	}}
}
