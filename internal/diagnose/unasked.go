package diagnose

import (
	"time"

	"causeway/internal/fault"
)

// neverAsked takes requests out of all reasoning about members and their timeouts for which none was picked, in a log that names the
// member wherever one was: what took their time is something that the gateway does before.
func (t *tally) neverAsked() {
	if len(t.members) == 0 {
		return
	}
	for _, e := range t.events {
		if !e.own && !e.v1 && !e.tried && isTimeout(e) && e.quietInfo() {
			e.fault = fault.Fault{Side: fault.Gateway, Kind: fault.Panicked}
		}
	}
}

// longWait is how long a request must have taken before the gateway waited for somebody.
const longWait = time.Second

// unaskedLeft says of requests that ended at the gateway, long before any member was asked, what the gateway may have waited for.
func unaskedLeft(q *inquiry) {
	events := q.unclaimed(func(e *event) bool {
		return !e.own && !e.tried && !e.session && e.fault.Side == fault.Gateway && e.fault.Kind == fault.Panicked && e.taken >= longWait
	})
	settings, groups := groupBy(events, func(e *event) string { return e.rule })
	for _, s := range settings {
		same := groups[s]
		next := "no member was asked: the gateway itself ended these after " + fromTo(sortedDurations(same, func(e *event) time.Duration { return e.taken })) + ", so no request timeout has a part in them. "
		if q.config != nil && q.config.OtherCollections["entraJWTValidationConfigs"] > 0 {
			next += "The document validates tokens (entraJWTValidationConfig, JWT), for which the gateway needs the keys of the identity provider: see that its subnet has a way out to login.microsoftonline.com, port 443 (network security group, route table, DNS)"
		} else {
			next += "Look what it does before it picks a member: JWT validation (entraJWTValidationConfig), which needs a way out to login.microsoftonline.com, and the firewall (wafEvaluationTime); if neither is in use, give Azure's support these transactions"
		}
		q.suspect(same, next, "k-auth-subrequest", "h-waf-latency", "k-empty-evidence")
	}
}
