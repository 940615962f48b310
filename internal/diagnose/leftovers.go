package diagnose

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/diagnose/analyzers/capacity"
	"causeway/internal/diagnose/analyzers/timing"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/gateway"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// closesLeft says of closed connections that no cause claims what they may be, by how soon they ended.
func closesLeft(c *inference.Case) {
	unsaidCloses(c)
	closesOfSilentMembers(c)
	keys, groups := traffic.GroupBy(c.Unclaimed(traffic.ClosedSomehow), (*traffic.Event).Key)
	for _, k := range keys {
		var fast, slow, begun []*traffic.Event
		limit := c.Traffic.Member(k).FastFor()
		for _, e := range groups[k] {
			if e.Attempt.Status > 0 {
				begun = append(begun, e)
			} else if traffic.Lasted(e) <= limit {
				fast = append(fast, e)
			} else {
				slow = append(slow, e)
			}
		}
		if len(fast) > 0 {
			c.Suspect(fast, "these ended within "+units.Seconds(limit)+" of "+k.Member+
				", sooner than answers come: compare its keep-alive limit with the gateway's, and look when its process started; on Causeway the trace says which connection it was, and how long it had been idle",
				slices.Concat(c.MovedAway(fast), []string{
					"c-idle-race", "c-restart", "b-refused", "c-keepalive-max-requests", "c-max-age",
					"b-stateful-idle-rst", "g-crash-on-input", "c-ignores-sigterm-listener-close", "c-deploy-no-drain", "c-endpoint-lag",
				},
					ofNames(c),
					[]string{
						"e-header-too-big", "e-bad-header", "e-cl-te", "e-status-line", "c-backend-conn-limit", "f-client-cert",
						"f-version", "f-cipher", "f-sni-required", "e-tls-to-plain", "e-plain-to-tls", "e-foreign-service", "b-ip-reused",
						"e-uri-rejected", "c-gateway-reload",
					})...)
		}
		if len(begun) > 0 {
			c.Suspect(begun, k.Member+
				" had begun its answer, and the gateway could not pass it on: ask the member for the same paths and look at the bytes of head and framing",
				"e-bad-chunk", "e-short-body", "e-cl-te", "e-interim", "e-bad-header", "c-restart", "g-oom-kill")
		}
		if len(slow) > 0 {
			c.Suspect(slow, "these ended while "+k.Member+
				" was at work on them: look in its log for workers that were killed or crashed at those times",
				"c-restart", "g-crash-on-input", "g-oom-kill", "d-worker-timeout-kill", "c-drain-too-short", "c-deploy-no-drain",
				"c-max-age", "c-idle-race", "c-keepalive-max-requests", "e-header-too-big", "e-bad-header", "e-cl-te", "e-status-line",
				"c-gateway-reload", "e-early-response", "e-uri-rejected", "h-autoscale-lag")
		}
	}
}

// closesOfSilentMembers names what may end every connection to a member that answered nobody in the whole log. No answer says how soon is
// sooner than one, so how long they took tells nothing apart.
func closesOfSilentMembers(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool {
		return !e.Own && traffic.ClosedSomehow(e) && e.Attempt.Status == 0
	}), (*traffic.Event).Key)
	for _, k := range keys {
		m := c.Traffic.Member(k)
		if m.Answered > 0 || m.Attempts < traffic.EnoughAnswers {
			continue
		}
		likely, look := ofAnyPort, "ask it the same by hand (curl -v), see what listens on the port (ss -ltnp)"
		if ends := (&inference.ClosedGroup{Q: c, Events: groups[k]}); ends.Speaks("Https") {
			likely = slices.Concat(ofHandshake, ofAnyPort)
			look = "shake hands with it by hand (openssl s_client -connect, with -servername), see what listens on the port (ss -ltnp)"
		}
		c.Suspect(groups[k],
			fmt.Sprintf("%s ended every connection and answered none of %s: %s, and compare with what the backend settings expect there",
				k.Member, units.Count(m.Attempts, "request", "requests"), look),
			slices.Concat(c.MovedAway(groups[k]), likely, ofNames(c), []string{
				"b-ip-reused", "e-status-line", "e-bad-header", "e-header-too-big", "c-backend-conn-limit", "c-restart", "c-endpoint-lag",
				"g-crash-on-input", "f-expired", "f-unknown-ca", "f-name-mismatch",
			})...)
	}
}

// What ends every connection to a port: as one that is made, or in the handshake of TLS.
var (
	ofAnyPort   = []string{"b-refused", "i-wrong-port", "e-foreign-service", "b-reject", "e-plain-to-tls"}
	ofHandshake = []string{"e-tls-to-plain", "f-client-cert", "f-sni-required", "f-version", "f-cipher"}
)

// connectsLeft names the possible causes of connections that were not established, where the log does not show why.
func connectsLeft(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return !e.Own && e.Tried && e.Fault.Phase == fault.Connect }),
		(*traffic.Event).Key)
	for _, k := range keys {
		c.Suspect(groups[k], "no connection to "+k.Member+
			" was established, and the log does not say why: look at its port on the member (ss -ltn), at firewalls and routes, and at when its process started",
			slices.Concat(c.ComingOrGoing(groups[k]), []string{"b-drop"}, ofNames(c), []string{
				"b-route", "c-accept-queue", "i-wrong-port", "f-handshake-timeout", "f-expired", "f-unknown-ca",
			})...)
	}
}

// ofNames are the causes that only members which the document has by name can have.
func ofNames(c *inference.Case) []string {
	if c.Traffic.Config != nil {
		for _, p := range c.Traffic.Config.Pools {
			if slices.ContainsFunc(p.Members, func(a gateway.Address) bool { return a.FQDN != "" }) {
				return []string{"b-dns-stale"}
			}
		}
	}
	return nil
}

// bodiesLeft says of answers that were cut what they may be, where the log has only their status.
func bodiesLeft(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		return !e.Own && e.Tried && e.Fault.Side == fault.Backend && e.Fault.Phase == fault.Body
	})
	if len(events) > 0 {
		c.Suspect(events,
			"these answers were cut after a good status; how many bytes were declared is not in this log: ask the members for the same paths and compare Content-Length with what comes",
			"e-short-body", "e-bad-chunk", "e-cl-te", "c-restart", "g-oom-kill", "b-loss", "j-client-rst-mid-download")
	}
}

// clientsLeft says of clients that closed and could still be answered what they may have done.
func clientsLeft(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		return !e.Own && e.Fault.Side == fault.Client && e.Fault.Phase == fault.Upload
	})
	if len(events) > 0 {
		c.Suspect(events,
			"these clients ended their side before the request was complete, and were answered all the same: compare the Content-Length that they declare with receivedBytes",
			"j-short-body", "j-client-abort", "j-slow-upload")
	}
}

// unsaidCloses leaves 502s open that the gateway may have written after a connection that ended, or the member itself.
func unsaidCloses(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Ambiguous && traffic.ClosedSomehow(e) }),
		(*traffic.Event).Key)
	for _, k := range keys {
		c.Suspect(groups[k], "serverStatus has the same 502, which the gateway writes itself when "+k.Member+
			" refuses or closes a connection: look these transactions up in its log by x-appgw-trace-id; if it has them the answer is its own, if not look when its process started and compare its keep-alive limit with the gateway's",
			slices.Concat(c.MovedAway(groups[k]), []string{
				"k-backend-5xx", "k-chained-proxy", "b-refused", "c-restart", "c-idle-race", "c-endpoint-lag", "a-slow-eviction",
				"c-ignores-sigterm-listener-close", "c-deploy-no-drain", "c-keepalive-max-requests", "c-max-age", "b-stateful-idle-rst",
				"g-crash-on-input", "g-oom-kill", "d-worker-timeout-kill", "d-inner-timeout",
			}, ofNames(c), []string{
				"f-client-cert", "f-version", "e-tls-to-plain", "e-plain-to-tls", "e-header-too-big", "e-bad-header",
				"e-status-line",
			})...)
	}
}

// behind are the causes of requests that waited behind others while another member had next to nothing to do. Without the
// trace that is not known of any.
func behind(events []*traffic.Event) []string {
	if events[0].Own && 5*capacity.BehindOthers(events) < 4*len(events) {
		return nil
	}
	return []string{"g-cpu-queueing", "g-worker-pool", "g-head-of-line-member"}
}

// namelessLeft names the possible causes of failures for which the log does not show whether a member was tried.
func namelessLeft(c *inference.Case) {
	pools, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Unnamed }), (*traffic.Event).PoolKey)
	for _, k := range pools {
		next := "the log does not say whether a member was tried: look these times up in the members' own logs, and get the log with all of its columns (requestQuery on the first generation, serverRouted and serverStatus on the second) and backend health"
		rivals := []string{"b-refused", "c-restart", "c-idle-race", "k-backend-5xx"}
		if n := c.Traffic.AnsweredBetween(k, groups[k][0].Start, groups[k][len(groups[k])-1].At); n > 0 {
			next = units.Count(n, "answer", "answers") +
				" of the pool lie between the first and the last of them, so it was not without healthy members all that time; " + next
			rivals = append(rivals, "a-flap-threshold", "a-all-unhealthy-fail-closed")
		} else {
			rivals = append([]string{"a-all-unhealthy-fail-closed"}, rivals...)
		}
		c.Suspect(groups[k], next, rivals...)
	}
}

// sessionsLeft says of sessions that no cause claims what they may be. What a session carries is not the gateway's to
// know, so the causes that an HTTP request can have are not among them.
func sessionsLeft(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Session && e.Fault.Phase == fault.Connect }),
		(*traffic.Event).Key)
	for _, k := range keys {
		rivals := []string{"b-refused", "c-restart", "b-drop", "a-slow-eviction", "i-wrong-port", "c-accept-queue", "b-reject", "b-route"}
		next := fmt.Sprintf("no connection to %s was established, after %s in the median, and the log does not say why: look at its port on the member (ss -ltn), at firewalls and routes, and at when its process started",
			k.Server, units.Seconds(stats.Quantile(traffic.SortedDurations(groups[k], traffic.Lasted), 0.5)))
		if t := c.Traffic.HistoryOf(groups[k][0]); t != nil && !t.IsUp() {
			next += "; backend health says of it now: " + t.Now.Detail
		}
		c.Suspect(groups[k], next, rivals...)
	}
	if events := c.Unclaimed(func(e *traffic.Event) bool { return e.Session && e.Fault.Side == fault.Client }); len(events) > 0 {
		clients, _ := traffic.GroupBy(events, func(e *traffic.Event) string { return e.Client.String() })
		c.Suspect(events,
			fmt.Sprintf("what these clients (%s) sent was not the protocol of the listener: clientIP shows who they are; find out what they mean to reach", units.Count(len(clients), "address", "addresses")),
			"j-scanner", "j-invalid-request")
	}
	if events := c.Unclaimed(func(e *traffic.Event) bool { return e.Session }); len(events) > 0 {
		c.Suspect(events,
			"the gateway ended these sessions without a reason in the log: compare their times and instances with the activity log and Resource Health, and open a ticket with them",
			"h-instance-fault", "h-maintenance", "h-state", "c-gateway-reload")
	}
}

// besideSilence are the causes of requests that waited while the member answered nothing. Without the trace it is not known on what
// connections they were.
func besideSilence(c *inference.Case, events []*traffic.Event) []string {
	out := append(c.MovedAway(events), "a-slow-eviction", "b-drop", "d-vm-freeze", "d-gc-pause", "d-hung", "d-timeout-below-latency",
		"d-slow-first-byte", "g-worker-pool") // one whose workers are all held answers nobody either
	if servers, _ := traffic.GroupBy(events, (*traffic.Event).Key); len(servers) > 1 {
		out = append(out, "b-transit-flap", "g-dependency-down")
	}
	if !events[0].Own {
		out = append(out, "b-stateful-idle-drop", "d-cold-start")
	}
	return out
}

// timeoutsLeft says of timeouts that no cause claims why none does.
func timeoutsLeft(c *inference.Case) {
	for _, l := range c.TimedOutGroups() {
		near, moved := l.Near(), c.MovedAway(l.Events)
		switch {
		case l.Limit == 0:
			c.Suspect(l.Events, "add the gateway document: without it the request timeout is not known",
				append(moved, "d-timeout-below-latency", "d-hung")...)
		case inference.TooCoarse(l.Events) && !c.AnsweredAsEver(l.Events):
			c.Suspect(l.Events,
				fmt.Sprintf("the log has whole seconds, and the request timeout is %s: whether the member answered others while these waited does not show; on Causeway the trace does", units.Seconds(l.Limit)),
				slices.Concat(moved, []string{"d-timeout-below-latency", "d-hung", "d-slow-route", "g-noisy-member"},
					besideSilence(c, l.Events), behind(l.Events), []string{"d-db-lock"}, unseen(c, l.Events))...)
		case c.Silence(l.Events):
			c.Suspect(l.Events,
				"the member answered nobody while these requests waited: look whether it ran, was paused, or could be reached at those times; if its probes passed meanwhile, it is these requests that hang",
				slices.Concat(besideSilence(c, l.Events), behind(l.Events), unseen(c, l.Events))...)
		case c.Traffic.NamesNoMember():
			c.Suspect(l.Events,
				"the log names no member, so it does not show which of them these requests waited for, nor how quick the others on the same path were: export it again with the column serverRouted",
				append(moved, "d-timeout-below-latency", "d-hung", "d-slow-route", "g-noisy-member")...)
		case l.Route.Answered == 0:
			c.Suspect(l.Events,
				"no request to this path was ever answered, so how long an answer would take is not known: send one straight to the member and wait, or raise the timeout for this path alone",
				append(moved, "d-hung", "d-timeout-below-latency", "d-slow-route", "d-slow-first-byte")...)
		case c.AtOneMember(&l) || c.InBursts(&l): // and they say so
		default:
			c.Suspect(l.Events,
				fmt.Sprintf("only %d timeouts and %d answers in the last third before %s: let one member run with three times the timeout, or look the requests up in its log",
					len(l.Events), near, units.Seconds(l.Limit)),
				slices.Concat(moved, []string{
					"d-timeout-below-latency", "d-hung", "d-slow-route", "g-cpu-queueing", "g-noisy-member",
					"d-db-lock", "b-stateful-idle-drop", "d-cold-start",
				}, behind(l.Events))...)
		}
	}
}

// unseen are the causes of timeouts whose signs only the trace has: in which phase the time went by, and whose request it
// was.
func unseen(c *inference.Case, events []*traffic.Event) []string {
	if events[0].Own {
		return nil
	}
	if ends := (&inference.ClosedGroup{Q: c, Events: events}); ends.Speaks("Http") {
		return []string{"c-accept-queue", "i-proxy-loop"}
	}
	return []string{"c-accept-queue", "f-handshake-timeout", "i-proxy-loop"}
}

// untriedLeft names what the gateway may have waited for in requests that it ended long before it tried any member.
func untriedLeft(c *inference.Case) {
	events := c.Unclaimed(func(e *traffic.Event) bool {
		return !e.Own && !e.Tried && !e.Session && e.Fault.Side == fault.Gateway && e.Fault.Kind == fault.Panicked &&
			e.Taken >= timing.LongWait
	})
	settings, groups := traffic.GroupBy(events, func(e *traffic.Event) string { return e.Rule })
	for _, s := range settings {
		same := groups[s]
		next := "no member was tried: the gateway itself ended these after " + units.Span(traffic.SortedDurations(same,
			func(e *traffic.Event) time.Duration { return e.Taken })) + ", so no request timeout has a part in them. "
		if c.Traffic.Config != nil && c.Traffic.Config.OtherCollections["entraJWTValidationConfigs"] > 0 {
			next += "The document validates tokens (entraJWTValidationConfig, JWT), for which the gateway needs the keys of the identity provider: check that its subnet can reach login.microsoftonline.com, port 443 (network security group, route table, DNS)"
		} else {
			next += "Look what it does before it picks a member: JWT validation (entraJWTValidationConfig), which needs to reach login.microsoftonline.com, and the firewall (wafEvaluationTime); if neither is in use, give Azure's support these transactions"
		}
		c.Suspect(same, next, "k-auth-subrequest", "h-waf-latency", "k-empty-evidence")
	}
}
