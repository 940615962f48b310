package scenarios

import (
	"slices"
	"strings"

	"causeway/internal/lab/stage"
)

// placed completes the truths of a scenario by what the tables say of where and kind.
func placed(s *stage.Scenario) {
	s.Truth = slices.Clone(s.Truth)
	for i := range s.Truth {
		t := &s.Truth[i]
		t.Path, t.Instance, t.Client = placeIn(paths, s, t), placeIn(instances, s, t), placeIn(clients, s, t)
		if t.At = t.Member; t.At == "" {
			t.At = placeIn(members, s, t)
		}
		if t.Kinds = kindsByScenario[s.Name]; t.Kinds == nil || len(s.Truth) > 1 {
			t.Kinds = kindsOf(t.Cause)
		}
	}
}

// placeIn is the place of one cause of a scenario, or of a scenario that has one cause.
func placeIn(places map[string]string, s *stage.Scenario, t *stage.Truth) string {
	if place, ok := places[s.Name+" "+t.Cause]; ok || len(s.Truth) > 1 {
		return place
	}
	return places[s.Name]
}

// paths are where the failures of a scenario are, or of one of its causes: on one path, while others go well.
var paths = map[string]string{
	"backend-5xx": "/search", "bad-chunk": "/legacy", "bad-header": "/legacy", "two-lengths": "/legacy", "broken-download": "/file",
	"chained-proxy": "/shop", "client-timer": "/report", "crash-on-input": "/import", "drain-too-short": "/report",
	"empty-pool": "/reports/day", "header-too-big": "/account", "inner-timeout": "/search", "long-poll": "/poll",
	"read-gap": "/events", "silent-stream": "/events", "request-head-limit": "/account", "retry-doubling": "/search",
	"short-body": "/export", "short-upload": "/upload", "slow-route": "/report", "slow-ones-pile-up": "/heavy",
	"upload-too-large": "/upload", "worker-killed": "/render", "worker-killed-always": "/render", "slow-body": "/export",
	"retry-doubling d-hung": "/search", "retry-doubling d-retry-doubling": "/search",
	"idle-race-and-empty-pool i-empty-pool": "/reports/day", "restart-and-5xx k-backend-5xx": "/search",
	"timeout-and-head d-slow-route": "/report", "timeout-and-head e-header-too-big": "/account",
	"clients-and-crash g-crash-on-input": "/import", "short-bodies-both-ways j-short-body": "/upload",
	"short-bodies-both-ways e-short-body": "/export", "probe-and-client-head j-header-limit": "/account",
	"probe-and-client-head a-probe-status-mismatch": "/admin/users",
	"refused-and-expired b-refused":                 "/", "refused-and-expired f-expired": "/api/a",
	"clients-and-crash j-client-abort": "/",
	"gateway-drain":                    "/report", "one-lock": "/book", "status-line": "/legacy", "interim": "/legacy",
	"made-inner-timeout": "/search", "made-client-timer": "/report", "made-waf-latency": "/form", "made-wrong-pool": "/api/orders",
	"made-slow-route": "/report", "made-inner-and-instance d-inner-timeout": "/search",
}

// members are where the failures are, where the truth of the cause leaves it out.
var members = map[string]string{
	"drain-too-short": stage.MemberName(0), "endpoint-lag": stage.MemberName(2), "not-ready-yet": stage.MemberName(2),
	"restart": stage.MemberName(0), "killed-for-memory": stage.MemberName(0), "two-members-two-causes d-hung": stage.MemberName(1),
	"slow-ones-pile-up": stage.MemberName(1), "made-node-local": stage.MemberName(2),
	"partial-rotation": stage.MemberName(2), "hidden-by-retry": stage.MemberName(0),
}

// instances are those of the gateway that the failures are at.
var instances = map[string]string{
	"made-instance-fault": "appgw_1", "made-node-local": "appgw_1", "made-inner-and-instance h-instance-fault": "appgw_1",
}

// clients are those that the failures are of.
var clients = map[string]string{"made-scanner": "198.51.100.77"}

// Kinds of failure, as a report names them.
const (
	kindRefused       = "refused"
	kindUnreachable   = "unreachable"
	kindUnnamed       = "name"
	kindUntrusted     = "tls"
	kindLostAtOnce    = "lost-at-once"
	kindLostIdle      = "lost-idle"
	kindGatewayTimer  = "gateway-timer"
	kindOtherTimer    = "other-timer"
	kindBackendStatus = "backend-status"
	kindMalformed     = "malformed"
	kindCutShort      = "cut-short"
	kindClientLeft    = "client-left"
	kindClientsTimer  = "client-timer"
	kindRejected      = "rejected"
	kindNoMember      = "no-member"
)

// kindsByScenario are those of scenarios where a cause shows otherwise than it mostly does.
var kindsByScenario = map[string][]string{
	"refused-one":                {kindRefused, kindLostAtOnce},
	"slow-eviction-silent":       {kindGatewayTimer, kindUnreachable},
	"tls-to-plain-traffic":       {kindUntrusted, kindLostAtOnce, kindMalformed},
	"handshake-hangs":            {kindUntrusted, kindUnreachable, kindOtherTimer, kindGatewayTimer},
	"ip-reused":                  {kindUntrusted, kindLostAtOnce},
	"client-certificate-traffic": {kindUntrusted, kindLostAtOnce},
	"made-wrong-pool":            {kindLostAtOnce}, // the members of the other pool close connections
	// Clients of a play leave after one and the same time, which the seed chooses.
	"accept-queue":     {kindUnreachable, kindLostAtOnce}, // what waits in the queue is lost when the member starts anew
	"connection-limit": {kindLostAtOnce, kindNoMember},    // probes are beyond the limit too
	"gateway-drain":    {kindRejected, kindLostAtOnce},
	"status-line":      {kindMalformed}, "interim": {kindMalformed},
	"client-abort":    {kindClientLeft, kindClientsTimer},
	"broken-download": {kindClientLeft, kindClientsTimer, kindCutShort},
}

// kindsOf are the kinds by which a cause shows.
func kindsOf(cause string) []string {
	if k, ok := kinds[cause]; ok {
		return k
	}
	switch group, _, _ := strings.Cut(cause, "-"); group {
	case "a":
		return []string{kindNoMember}
	case "c":
		return []string{kindLostAtOnce, kindLostIdle}
	case "d", "g":
		return []string{kindGatewayTimer}
	case "e":
		return []string{kindMalformed, kindLostAtOnce}
	case "f":
		return []string{kindNoMember, kindUntrusted}
	case "j":
		return []string{kindRejected}
	}
	return nil
}

var kinds = map[string][]string{
	"a-slow-eviction": {kindRefused, kindLostAtOnce}, "a-fast-readmit": {kindBackendStatus},
	"a-not-ready-yet":           {kindBackendStatus},
	"a-green-probe-red-traffic": {kindBackendStatus}, "a-probe-redirect-trap": {kindBackendStatus},
	"b-refused": {kindRefused, kindNoMember}, "b-drop": {kindUnreachable, kindNoMember},
	"b-route":        {kindUnreachable, kindNoMember},
	"b-dns-nxdomain": {kindUnnamed, kindNoMember}, "b-dns-servfail": {kindUnnamed, kindNoMember},
	"b-dns-stale": {kindRefused, kindLostAtOnce},
	"b-ip-reused": {kindUntrusted, kindLostAtOnce}, "b-stateful-idle-rst": {kindLostAtOnce, kindLostIdle},
	"b-stateful-idle-drop": {kindGatewayTimer, kindLostIdle}, "b-transit-flap": {kindGatewayTimer},
	"c-restart": {kindLostAtOnce, kindRefused}, "c-deploy-no-drain": {kindLostAtOnce, kindRefused},
	"c-drain-too-short": {kindLostAtOnce, kindCutShort},
	"c-endpoint-lag":    {kindRefused, kindLostAtOnce}, "c-ignores-sigterm-listener-close": {kindRefused, kindLostAtOnce},
	"c-accept-queue": {kindUnreachable, kindGatewayTimer}, "c-backend-conn-limit": {kindLostAtOnce},
	"d-inner-timeout": {kindOtherTimer, kindBackendStatus}, "d-worker-timeout-kill": {kindOtherTimer, kindLostAtOnce},
	"d-slow-body": {kindGatewayTimer, kindCutShort}, "d-read-gap": {kindGatewayTimer, kindCutShort},
	"d-ws-sse-idle": {kindGatewayTimer, kindCutShort},
	"e-short-body":  {kindCutShort}, "e-bad-chunk": {kindCutShort, kindMalformed}, "e-cl-te": {kindMalformed, kindCutShort},
	"e-plain-to-tls": {kindNoMember, kindBackendStatus}, "e-tls-to-plain": {kindNoMember, kindUntrusted},
	"e-foreign-service": {kindNoMember, kindMalformed},
	"e-uri-rejected":    {kindLostAtOnce}, "g-crash-on-input": {kindLostAtOnce}, "g-oom-kill": {kindLostAtOnce, kindRefused},
	"g-shed-503": {kindBackendStatus}, "g-retry-storm": {kindBackendStatus}, "k-backend-5xx": {kindBackendStatus},
	"k-chained-proxy": {kindBackendStatus, kindOtherTimer}, "k-hidden-by-retry": {kindRefused, kindLostAtOnce},
	"i-empty-pool": {kindNoMember}, "i-wrong-pool": {kindNoMember}, "i-wrong-port": {kindRefused, kindNoMember},
	"i-no-listener-match": {kindRejected},
	// The outermost gateway waits until its timer; those within see it leave, or pass a 504 on.
	"i-proxy-loop":   {kindGatewayTimer, kindBackendStatus, kindClientLeft},
	"j-client-abort": {kindClientLeft, kindClientsTimer}, "j-client-timer-spike": {kindClientsTimer},
	"j-client-rst-mid-download": {kindClientLeft, kindCutShort},
	"j-short-body":              {kindClientLeft, kindRejected},
	"b-node-local":              {kindLostAtOnce}, "h-instance-fault": {kindLostAtOnce}, "h-capacity-max": {kindLostAtOnce},
	"h-autoscale-lag": {kindLostAtOnce}, "h-cpu": {kindLostAtOnce}, "h-waf-latency": {kindLostAtOnce}, "k-masked": {kindBackendStatus},
}
