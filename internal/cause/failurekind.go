package cause

import "slices"

// FailureKind is what happened to a failed request, whatever its cause. The list is closed; CONTEXT.md explains each.
type FailureKind = string

// Kinds of failures, in the order in which a request may meet them.
const (
	Rejected     FailureKind = "rejected"       // the gateway itself refused the request
	NoMember     FailureKind = "no-member"      // the pool was empty, or none of its members healthy
	GatewayLimit FailureKind = "gateway-limit"  // a resource or limit of the gateway ran out
	Name         FailureKind = "name"           // the member's name did not resolve
	Refused      FailureKind = "refused"        // the member's host refused the connection
	Unreachable  FailureKind = "unreachable"    // connecting timed out, or there was no route
	TLS          FailureKind = "tls"            // the handshake with the member failed
	LostIdle     FailureKind = "lost-idle"      // the connection ended at an idle age, before an answer
	LostAtOnce   FailureKind = "lost-at-once"   // the connection ended before an answer, at no idle age
	GatewayTimer FailureKind = "gateway-timer"  // the request timeout passed
	OtherTimer   FailureKind = "other-timer"    // it ended at a fixed time that is not the gateway's
	Malformed    FailureKind = "malformed"      // head or framing of the response were not valid
	Status       FailureKind = "backend-status" // the member answered with an error
	CutShort     FailureKind = "cut-short"      // the response ended before it was complete
	ClientLeft   FailureKind = "client-left"    // the client ended the request
	ClientTimer  FailureKind = "client-timer"   // clients left, all after the same time
)

// FailureKinds is the closed list, in order.
func FailureKinds() []FailureKind {
	return []FailureKind{
		Rejected, NoMember, GatewayLimit, Name, Refused, Unreachable, TLS, LostIdle, LostAtOnce, GatewayTimer, OtherTimer,
		Malformed, Status, CutShort, ClientLeft, ClientTimer,
	}
}

// kindRule is what a cause says of the kind of its failures: Says for certain, Keeps those that it can have of what the
// evidence shows.
type kindRule struct{ says, keeps []FailureKind }

// KindsUnder narrows the kinds that the evidence allows to those that a cause can have. A cause without a rule narrows nothing,
// and neither does one that has none of them: the evidence counts for more.
func KindsUnder(id string, seen []FailureKind) []FailureKind {
	rule, ok := kindRules[id]
	if !ok && id != "" && id[0] == 'f' {
		rule, ok = kindRule{keeps: []FailureKind{TLS}}, true
	}
	if !ok {
		return seen
	}
	out := slices.Clone(rule.says)
	for _, k := range seen {
		if slices.Contains(rule.keeps, k) && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	if len(out) == 0 {
		return seen
	}
	return out
}

// SaysKind reports whether a cause itself says of what kind its failures are, so that the kind is as sure as the cause.
func SaysKind(id string) bool { return len(kindRules[id].says) > 0 }

func keeps(kinds ...FailureKind) kindRule { return kindRule{keeps: kinds} }

func says(kind FailureKind, keep ...FailureKind) kindRule {
	return kindRule{says: []FailureKind{kind}, keeps: keep}
}

var kindRules = map[string]kindRule{
	"a-all-unhealthy-fail-closed":      keeps(NoMember),
	"a-slow-eviction":                  keeps(Refused, Unreachable, LostAtOnce, GatewayTimer),
	"b-ip-reused":                      keeps(Refused, TLS, LostAtOnce, Malformed, Status),
	"b-refused":                        keeps(Refused, LostAtOnce),
	"b-reject":                         keeps(Refused, LostAtOnce),
	"b-localhost-bind":                 keeps(Refused, LostAtOnce),
	"b-drop":                           keeps(Unreachable, GatewayTimer),
	"b-route":                          keeps(Unreachable),
	"b-dns-nxdomain":                   keeps(Name),
	"b-dns-servfail":                   keeps(Name),
	"b-stateful-idle-drop":             keeps(GatewayTimer),
	"b-stateful-idle-rst":              keeps(LostIdle),
	"c-idle-race":                      keeps(LostIdle),
	"c-keepalive-max-requests":         keeps(LostAtOnce),
	"c-max-age":                        keeps(LostAtOnce),
	"c-restart":                        keeps(Refused, LostAtOnce, CutShort),
	"c-deploy-no-drain":                keeps(Refused, LostAtOnce, CutShort),
	"c-drain-too-short":                keeps(LostAtOnce, CutShort),
	"c-endpoint-lag":                   keeps(Refused, Unreachable, LostAtOnce, GatewayTimer),
	"c-ignores-sigterm-listener-close": keeps(Refused, LostAtOnce),
	"c-accept-queue":                   keeps(Unreachable, Refused, GatewayTimer),
	"c-backend-conn-limit":             keeps(Refused, LostAtOnce),
	"c-ephemeral-exhausted":            keeps(GatewayLimit),
	"d-timeout-below-latency":          keeps(GatewayTimer),
	"d-hung":                           keeps(GatewayTimer),
	"d-retry-doubling":                 keeps(GatewayTimer),
	"d-longpoll-equals-timer":          keeps(GatewayTimer),
	"d-gc-pause":                       keeps(GatewayTimer, LostAtOnce),
	"d-inner-timeout":                  says(OtherTimer, Status, LostAtOnce),
	"d-worker-timeout-kill":            says(OtherTimer, LostAtOnce),
	"e-alpn":                           keeps(Malformed),
	"e-bad-chunk":                      keeps(Malformed, CutShort),
	"e-bad-header":                     keeps(Malformed),
	"e-cl-te":                          keeps(Malformed),
	"e-foreign-service":                keeps(Malformed),
	"e-header-too-big":                 keeps(Malformed),
	"e-interim":                        keeps(Malformed),
	"e-short-body":                     keeps(CutShort),
	"e-uri-rejected":                   keeps(LostAtOnce, Status),
	"e-status-line":                    keeps(Malformed),
	"e-plain-to-tls":                   keeps(Malformed, LostAtOnce, Status),
	"g-crash-on-input":                 keeps(LostAtOnce, CutShort),
	"g-oom-kill":                       keeps(LostAtOnce, CutShort),
	"g-shed-503":                       keeps(Status),
	"h-conn-limit":                     keeps(GatewayLimit),
	"h-fd":                             keeps(GatewayLimit),
	"i-empty-pool":                     keeps(NoMember),
	"i-no-listener-match":              keeps(Rejected),
	"j-client-abort":                   keeps(ClientLeft),
	"j-client-rst-mid-download":        keeps(ClientLeft),
	"j-client-timer-spike":             says(ClientTimer),
	"j-header-limit":                   keeps(Rejected),
	"j-invalid-request":                keeps(Rejected),
	"j-too-large":                      keeps(Rejected),
	"k-backend-5xx":                    keeps(Status),
	"k-chained-proxy":                  keeps(Status),
	"k-lambda-like":                    keeps(Status),
	"k-masked":                         keeps(Status),
}
