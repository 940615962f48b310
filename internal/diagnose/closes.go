package diagnose

import (
	"slices"
	"time"

	"causeway/internal/fault"
	"causeway/internal/gateway"
)

// A member's connection ended, and no byte of an answer came. Causeway's trace says in which phase, on what connection;
// Azure's log says only that it ended, how long after, and over which source port.

// closedSomehow matches what Azure's log calls a closed connection: the phase is not known.
func closedSomehow(e *event) bool {
	return !e.own && e.tried && e.fault.Side == fault.Backend && e.fault.Phase == "" && e.fault.Kind == fault.Closed
}

// resolution is how exact the times of an event are: Azure's log has whole seconds.
func (e *event) resolution() time.Duration {
	if e.own || e.start.Nanosecond() != 0 {
		return 0
	}
	return time.Second
}

// fastFor is how soon after a request the end of its connection came sooner than any handler could have.
func (m *memberTally) fastFor() time.Duration {
	if m.waits.n < enoughAnswers {
		return 50 * time.Millisecond
	}
	return max(2*m.waits.quantile(0.02), 20*time.Millisecond)
}

// closesLeft says of closed connections that no cause claims what they may be, by how soon they ended.
func closesLeft(q *inquiry) {
	unsaidCloses(q)
	keys, groups := groupBy(q.unclaimed(closedSomehow), (*event).key)
	for _, k := range keys {
		var fast, slow, begun []*event
		limit := q.member(k).fastFor()
		for _, e := range groups[k] {
			if e.attempt.Status > 0 {
				begun = append(begun, e)
			} else if lasted(e) <= limit {
				fast = append(fast, e)
			} else {
				slow = append(slow, e)
			}
		}
		if len(fast) > 0 {
			q.suspect(fast, "these ended within "+seconds(limit)+" of "+k.member+", sooner than answers come: compare its keep-alive limit with the gateway's, and look when its process started; on Causeway the trace says which connection it was, and how long it had been idle",
				slices.Concat(q.movedAway(fast), []string{"c-idle-race", "c-restart", "b-refused", "c-keepalive-max-requests", "c-max-age", "b-stateful-idle-rst", "g-crash-on-input", "c-ignores-sigterm-listener-close", "c-deploy-no-drain", "c-endpoint-lag"}, q.ofNames(),
					[]string{"e-header-too-big", "e-bad-header", "e-cl-te", "e-status-line", "c-backend-conn-limit", "f-client-cert", "f-version", "f-cipher", "f-sni-required", "e-tls-to-plain", "e-plain-to-tls", "e-foreign-service", "b-ip-reused", "e-uri-rejected", "c-gateway-reload"})...)
		}
		if len(begun) > 0 {
			q.suspect(begun, k.member+" had begun its answer, and the gateway could not pass it on: ask the member for the same paths and look at the bytes of head and framing",
				"e-bad-chunk", "e-short-body", "e-interim", "e-bad-header", "c-restart", "g-oom-kill")
		}
		if len(slow) > 0 {
			q.suspect(slow, "these ended while "+k.member+" was at work on them: look in its log for workers that were killed or crashed at those times",
				"c-restart", "g-crash-on-input", "g-oom-kill", "d-worker-timeout-kill", "c-drain-too-short", "c-deploy-no-drain", "c-max-age", "c-idle-race", "c-keepalive-max-requests", "e-header-too-big", "e-bad-header", "e-cl-te", "e-status-line", "c-gateway-reload", "e-early-response", "e-uri-rejected", "h-autoscale-lag")
		}
	}
}

// connectsLeft says of connections that did not come about what they may be, where the log does not tell why.
func connectsLeft(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return !e.own && e.tried && e.fault.Phase == fault.Connect }), (*event).key)
	for _, k := range keys {
		q.suspect(groups[k], "no connection to "+k.member+" came about, and the log does not say why: look at its port on the member (ss -ltn), at firewalls and routes, and at when its process started",
			slices.Concat(q.movedAway(groups[k]), []string{"b-refused", "c-restart", "b-drop", "a-slow-eviction"}, q.ofNames(), []string{"b-reject", "b-route", "c-accept-queue", "i-wrong-port", "c-ignores-sigterm-listener-close", "f-handshake-timeout", "f-expired", "f-unknown-ca"})...)
	}
}

// ofNames are the causes that only members which the document has by name can have.
func (q *inquiry) ofNames() []string {
	if q.config != nil {
		for _, p := range q.config.Pools {
			if slices.ContainsFunc(p.Members, func(a gateway.Address) bool { return a.FQDN != "" }) {
				return []string{"b-dns-stale"}
			}
		}
	}
	return nil
}

// bodiesLeft says of answers that were cut what they may be, where the log has only their status.
func bodiesLeft(q *inquiry) {
	events := q.unclaimed(func(e *event) bool {
		return !e.own && e.tried && e.fault.Side == fault.Backend && e.fault.Phase == fault.Body
	})
	if len(events) > 0 {
		q.suspect(events, "these answers were cut after a good status; how many bytes were declared is not in this log: ask the members for the same paths and compare Content-Length with what comes",
			"e-short-body", "c-restart", "g-oom-kill", "e-bad-chunk", "b-loss", "j-client-rst-mid-download")
	}
}

// clientsLeft says of clients that closed and could still be answered what they may have done.
func clientsLeft(q *inquiry) {
	events := q.unclaimed(func(e *event) bool { return !e.own && e.fault.Side == fault.Client && e.fault.Phase == fault.Upload })
	if len(events) > 0 {
		q.suspect(events, "these clients ended their side before the request was complete, and were answered all the same: compare the Content-Length that they declare with receivedBytes",
			"j-short-body", "j-client-abort", "j-slow-upload")
	}
}
