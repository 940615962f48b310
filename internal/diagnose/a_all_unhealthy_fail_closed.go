package diagnose

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/fault"
	"causeway/internal/gateway"
)

var poolWithoutHealthyMembers = hypothesis{
	cause: "a-all-unhealthy-fail-closed", needs: theLog,
	test: "no member was chosen because none was healthy; what the probes met is the cause",
	look: nobodyHealthy,
}

// nobodyHealthy: probes had taken every member out. What the probes met is the cause.
func nobodyHealthy(q *inquiry) {
	keys, groups := groupBy(q.unclaimed(func(e *event) bool { return e.fault.Kind == fault.NoHealthy }), (*event).poolKey)
	for _, k := range keys {
		byCause := map[string][]*event{}
		var order []string
		for _, e := range groups[k] {
			id := q.causeInDocument(e, causeOfReason(q.reasonAt(e)))
			if byCause[id] == nil {
				order = append(order, id)
			}
			byCause[id] = append(byCause[id], e)
		}
		for _, id := range order {
			q.takenOut(id, k.pool, k.settings, byCause[id])
		}
	}
}

// reasonAt is what had taken the members of the event's pool out when it failed. Where they differ it is what took out
// the most of them.
func (t *tally) reasonAt(e *event) change {
	counts := map[change]int{}
	var best change
	for i := range t.trails {
		t := &t.trails[i]
		if !strings.EqualFold(t.pool, e.pool) || !strings.EqualFold(t.settings, e.settings) {
			continue
		}
		c, known := t.at(e.at)
		if !known {
			c, known = nowOf(t)
		}
		if !known || c.up {
			continue
		}
		c.at = best.at
		if counts[c]++; best.reason == "" || counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// nowOf is the state that the document itself gives, where there is no history.
func nowOf(t *trail) (change, bool) {
	if len(t.changes) > 0 {
		return change{}, false
	}
	return change{up: strings.EqualFold(t.now.Health, "Up") || strings.EqualFold(t.now.Health, "Healthy"), reason: reasonOfDetail(t.now), code: codeOfDetail(t.now)}, true
}

// causeInDocument narrows a cause by what the document says of the probe.
func (q *inquiry) causeInDocument(e *event, id string) string {
	if id == "a-probe-status-mismatch" && q.received(e) == http.StatusTooManyRequests { // whoever says so counts who asks
		return "a-probe-blocked"
	}
	if id == "a-probe-timeout-short" && q.illToo(e) {
		return "a-all-unhealthy-fail-closed"
	}
	if q.config == nil {
		return id
	}
	s := q.config.Setting(e.settings)
	if s == nil {
		return id
	}
	p := q.config.Probe(s.Probe)
	switch {
	case p != nil && p.Protocol != "" && !strings.EqualFold(p.Protocol, s.Protocol) && q.otherProtocol(e, id):
		return "a-probe-protocol"
	case id == "b-refused" && p != nil && p.Port > 0 && p.Port != s.Port && !q.illToo(e):
		return "a-probe-port"
	case id == "a-probe-status-mismatch" && q.received(e) == http.StatusNotFound && foreignHost(p, s) && !q.wasWell(e) && q.servesPage(e.settings):
		return "a-probe-host-mismatch"
	}
	return id
}

// otherProtocol reports whether what a probe met, by its cause, may be a port that speaks another protocol; who refuses
// connections, or is not found, speaks none.
func (q *inquiry) otherProtocol(e *event, id string) bool {
	switch id {
	case "a-probe-status-mismatch":
		n := q.received(e)
		return n == 0 || n == http.StatusBadRequest
	case "a-all-unhealthy-fail-closed", "e-plain-to-tls", "e-tls-to-plain", "e-foreign-service", "e-alpn":
		return true
	}
	return false
}

// illToo reports whether users, too, were served badly while the probes of an event's pool failed, before they took the
// members out.
func (q *inquiry) illToo(e *event) bool {
	p := q.probing(e.settings)
	for _, t := range q.trailsUnder(e.pool, e.settings) {
		if c, known := t.at(e.at); known && !c.up {
			good, bad := q.goodBetween(e.poolKey(), c.at.Add(-p.timeout-max(p.interval, p.notices())), c.at)
			return bad >= minEvents && bad*10 > good
		}
	}
	return false
}

// wasWell reports whether a member of the event's pool had been healthy before: what the document says was good enough then.
func (q *inquiry) wasWell(e *event) bool {
	return slices.ContainsFunc(q.trailsUnder(e.pool, e.settings), func(t *trail) bool {
		return slices.ContainsFunc(t.changes, func(c change) bool { return c.up && c.at.Before(e.at) })
	})
}

// servesPage reports whether users got the very page that the probe asks for: then it is not the page that is missing.
func (q *inquiry) servesPage(settings string) bool {
	page := template([]byte(q.probing(settings).path))
	for k, r := range q.routes {
		if k.settings == settings && k.path == page && r.answered > r.notFound {
			return true
		}
	}
	return false
}

// foreignHost reports whether the probe asks for a host that no site has: none was set, so it is the loopback address.
func foreignHost(p *gateway.Probe, s *gateway.Settings) bool {
	if s.HostName != "" || s.PickHostFromAddress {
		return p != nil && !p.PickHostFromSettings && loopback(p.Host)
	}
	return p == nil || loopback(p.Host) || p.PickHostFromSettings
}

func loopback(host string) bool { return host == "" || host == "127.0.0.1" || host == "localhost" }

var receivedStatus = regexp.MustCompile(`(?i)(?:received:?|invalid status code:?)\s*(\d{3})`)

// received is the status that the probe of an event's pool met, where backend health tells; 0 if it does not.
func (q *inquiry) received(e *event) int {
	for i := range q.trails {
		t := &q.trails[i]
		if !strings.EqualFold(t.pool, e.pool) || !strings.EqualFold(t.settings, e.settings) {
			continue
		}
		if c, known := t.at(e.at); known && c.status() > 0 {
			return c.status()
		}
		if n := t.received(); n > 0 {
			return n
		}
	}
	return 0
}

// received is the status that the last probe of a member got, where backend health tells; 0 if it does not.
func (t *trail) received() int {
	if x := t.now.Causeway; x != nil && x.Received > 0 {
		return x.Received
	}
	n := 0
	if m := receivedStatus.FindStringSubmatch(t.now.Detail); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	return n
}

// causeOfReason is the cause behind a reason of backend health: by its code, if that says more than the reason alone.
func causeOfReason(c change) string {
	for _, id := range []string{causesOfReasons[strings.TrimSpace(c.reason+" "+c.code)], causesOfReasons[c.reason]} {
		if id != "" {
			return id
		}
	}
	return "a-all-unhealthy-fail-closed"
}

var causesOfReasons = map[string]string{
	"status_mismatch":                  "a-probe-status-mismatch",
	"status_mismatch 400 tls_expected": "e-plain-to-tls",
	"body_mismatch":                    "a-probe-body-match",
	"probe_timeout gateway_stalled":    "h-goroutine-or-lock-stall",
	"tcp_connect gateway_stalled":      "h-goroutine-or-lock-stall",
	"probe_timeout":                    "a-probe-timeout-short",
	"dns_resolution":                   "b-dns-nxdomain",
	"dns_resolution resolver":          "b-dns-servfail",
	"cert_expired":                     "f-expired",
	"cert_expired 9":                   "f-not-yet-valid", // X509_V_ERR_CERT_NOT_YET_VALID
	"cert_verify_failed 26":            "f-key-usage",     // X509_V_ERR_INVALID_PURPOSE
	"cn_mismatch":                      "f-name-mismatch",
	"intermediate_missing":             "f-missing-intermediate",
	"leaf_missing":                     "f-missing-intermediate",
	"leaf_not_topmost":                 "f-missing-intermediate",
	"server_cert_unknown_ca":           "f-unknown-ca",
	"intermediate_unknown_ca":          "f-unknown-ca",
	"root_mismatch":                    "f-unknown-ca",
	"root_mismatch_no_root":            "f-unknown-ca",
	"tls_alert 70":                     "f-version",      // protocol_version
	"tls_alert 112":                    "f-sni-required", // unrecognized_name
	"tls_alert 116":                    "f-client-cert",  // certificate_required
	"tls_alert 116 certificate_asked":  "f-client-cert",
	"tls_alert 42 certificate_asked":   "f-client-cert", // bad_certificate, handshake_failure: as TLS 1.2 refuses none at all
	"tls_alert 40 certificate_asked":   "f-client-cert",
	"tls_alert 40":                     "f-cipher",
	"health_unknown":                   "a-health-unknown",
	"not_tls":                          "e-tls-to-plain",
	"invalid_response tls":             "e-plain-to-tls",
	"invalid_response http2":           "e-alpn",
	"invalid_response other":           "e-foreign-service",
	"tcp_connect ECONNREFUSED":         "b-refused",
	"tcp_connect timeout":              "b-drop",
	"tcp_connect ETIMEDOUT":            "b-drop",
	"tcp_connect EHOSTUNREACH":         "b-route",
	"tcp_connect ENETUNREACH":          "b-route",
}

// takenOut reports the failures of a pool without healthy members.
func (q *inquiry) takenOut(id, pool, settings string, events []*event) {
	members, details := q.downMembers(pool, settings, events)
	partly := !q.haveHistory() && q.someHealthy(pool, settings)
	if partly { // what is wrong with some now did not take all of them out then
		id = "a-all-unhealthy-fail-closed"
	}
	stale := !q.haveHistory() && !q.lastsToTheEnd(events)
	confidence := confidenceOf(len(members) > 0 && !unsure[id] && !stale)
	scope := Scope{Pool: pool, Settings: settings}
	if len(members) == 1 && !partly {
		scope.Member = members[0]
	}
	f := q.claimMore(id, events, scope, confidence)
	f.says("access-log", fmt.Sprintf("%d requests to %s found no healthy member", len(events), poolText(pool)), events...)
	for i := range members {
		f.says("backend-health", members[i]+": "+details[i])
	}
	if stale && q.health != nil {
		f.says("backend-health", "this report is of another time than the failures, which had ended: the reason may have been another then")
	}
	q.rivalsBehind(f, events, stale)
	if q.hasMembers(pool) {
		f.excludes("i-empty-pool", "the pool has members")
	} else {
		f.may("i-empty-pool")
	}
	f.expect("backend", len(events), len(events), "exact", "once a member is healthy these requests have somewhere to go; whether they then succeed is another question")
	f.expect("gateway", len(events), len(events), "exact", "once a member is healthy these requests have somewhere to go; whether they then succeed is another question")
	at := scope.Member
	if !partly && len(members) <= 4 && len(q.otherReasons(id, events)) == 0 {
		at = strings.Join(members, " and ")
	}
	q.fill(map[string]string{"address": at}, f)
}

// unsure are causes for which the words of a report stand, and others as well.
var unsure = map[string]bool{"a-probe-timeout-short": true, "a-health-unknown": true, "a-probe-port": true, "f-cipher": true}

// rivalsBehind names what else may have taken the members of a pool out.
func (q *inquiry) rivalsBehind(f *finding, events []*event, stale bool) {
	pool, settings := events[0].pool, events[0].settings
	f.may(q.movedAway(events)...)
	if f.Cause == "a-all-unhealthy-fail-closed" || stale {
		f.may(q.behindUnhealthy(pool, settings)...)
	}
	f.may(q.otherReasons(f.Cause, events)...)
	if f.may(alsoBehind[f.Cause]...); !q.haveHistory() {
		f.may(sameText[f.Cause]...)
	}
	if !q.haveHistory() || f.Cause == "a-probe-status-mismatch" {
		f.may(q.byTurns(events)...)
	}
	if f.Cause == "a-probe-status-mismatch" && q.received(events[0]) == http.StatusForbidden {
		f.may("a-probe-blocked")
	}
	if f.Cause == "a-probe-status-mismatch" && q.received(events[0]) == http.StatusNotFound {
		f.may("a-probe-host-mismatch")
	}
	if f.Cause == "a-probe-status-mismatch" && q.illToo(events[0]) {
		f.may("g-dependency-down")
	}
	if f.Cause == "b-refused" && q.answeredBetween(events[0].poolKey(), q.from, q.to) == 0 {
		f.may("i-wrong-port")
	}
}

// otherReasons are the causes for which other members of the events' pool were out when it had nobody.
func (q *inquiry) otherReasons(id string, events []*event) (out []string) {
	for _, t := range q.trailsUnder(events[0].pool, events[0].settings) {
		c, known := t.at(events[0].at)
		if !known {
			c, known = nowOf(t)
		}
		if other := causeOfReason(c); known && !c.up && other != id && other != causeOfReason(q.reasonAt(events[0])) && !slices.Contains(out, other) {
			out = append(out, other)
		}
	}
	return out
}

func poolText(pool string) string {
	if pool == "" {
		return "a pool that the log does not name"
	}
	return fmt.Sprintf("pool %q", pool)
}

// hasMembers reports whether a pool is known to have members: by the document, or else by what health tells or answered.
func (q *inquiry) hasMembers(pool string) bool {
	if q.config != nil {
		if p := q.config.Pool(pool); p != nil {
			return len(p.Members) > 0
		}
	}
	if pool == "" {
		return false
	}
	for i := range q.trails {
		if strings.EqualFold(q.trails[i].pool, pool) {
			return true
		}
	}
	for _, r := range q.routes {
		if strings.EqualFold(r.pool, pool) && r.answered > 0 {
			return true
		}
	}
	return false
}

// downMembers are the members of a pool that were down at some time of the events, with what had taken them out then.
// What they are now says nothing of that time, unless nothing else is known.
func (q *inquiry) downMembers(pool, settings string, events []*event) (members, details []string) {
	from, to := events[0].start, events[len(events)-1].at
	for i := range q.trails {
		t := &q.trails[i]
		if !strings.EqualFold(t.pool, pool) || !strings.EqualFold(t.settings, settings) {
			continue
		}
		detail := ""
		if c, known := t.at(from); known && !c.up {
			detail = c.text()
		} else if c, down := t.wentDown(from, to); down {
			detail = c.text()
		} else if len(t.changes) == 0 && !strings.EqualFold(t.now.Health, "Up") && !strings.EqualFold(t.now.Health, "Healthy") {
			detail = t.now.Detail
		}
		if detail != "" {
			members, details = append(members, t.member), append(details, detail)
		}
	}
	return members, details
}

// someHealthy reports whether members of a pool are healthy in a report that has no history.
func (t *tally) someHealthy(pool, settings string) bool {
	return slices.ContainsFunc(t.trails, func(t trail) bool {
		now, known := nowOf(&t)
		return known && now.up && strings.EqualFold(t.pool, pool) && strings.EqualFold(t.settings, settings)
	})
}

// lastsToTheEnd reports whether the failures of a pool went on to the end of the evidence, so that a report of health as it
// is now tells of them too.
func (q *inquiry) lastsToTheEnd(events []*event) bool {
	last := events[len(events)-1]
	return q.answeredBetween(last.poolKey(), last.at.Add(2*bucket+last.resolution()), q.to) == 0
}

// behindUnhealthy are the causes that may have taken the members of a pool out, where their reason does not decide.
func (q *inquiry) behindUnhealthy(pool, settings string) []string {
	out := []string{}
	for i := range q.trails {
		t := &q.trails[i]
		if !strings.EqualFold(t.pool, pool) || !strings.EqualFold(t.settings, settings) {
			continue
		}
		for _, id := range openReasons[reasonOfDetail(t.now)] {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	if len(out) == 0 {
		out = append(out, "a-probe-status-mismatch", "a-probe-timeout-short", "b-refused", "b-drop", "b-dns-nxdomain", "e-foreign-service")
		if s := q.setting(settings); s == nil || s.Protocol == "Https" {
			out = append(out, "f-expired", "f-unknown-ca", "f-client-cert", "f-name-mismatch", "f-version", "f-cipher", "f-sni-required", "e-tls-to-plain")
		} else {
			out = append(out, "e-plain-to-tls")
		}
	}
	return out
}

// byTurns are what may have taken all members out, by how often it happened: once for a while, or again and again.
func (q *inquiry) byTurns(events []*event) []string {
	k, turns, last := events[0].poolKey(), q.turns(events), events[len(events)-1]
	switch {
	case turns >= 3:
		return []string{"a-flap-threshold", "a-probe-timeout-short"}
	case q.answeredBetween(k, q.from, events[0].start) > 0 && q.answeredBetween(k, last.at, q.to) > 0:
		return []string{"a-probe-too-deep", "c-deploy-no-drain", "a-flap-threshold"}
	case q.answeredBetween(k, q.from, q.to) > 0:
		return []string{"a-flap-threshold"}
	}
	return nil
}

// answeredBetween is how many answers came from a pool in a span of time, whether or not the log names the members.
func (t *tally) answeredBetween(k poolKey, from, to time.Time) int {
	n := 0
	for at, m := range t.members {
		if at.settings == k.settings && m.pool == k.pool {
			n += m.answers.between(from, to)
		}
	}
	return n + t.nameless.answers[k].between(from, to)
}

// alsoBehind are causes that leave the same sign as one that was named.
var alsoBehind = map[string][]string{
	"f-cipher":              {"f-curve", "f-sni-required"}, // some servers refuse with the same alert for those
	"f-not-yet-valid":       {"f-clock-skew"},
	"a-probe-port":          {"b-refused"}, // the process behind both ports
	"a-probe-timeout-short": {"d-hung", "g-cpu-queueing"},
}

// sameText are causes of which backend health says the same, where it is only text.
var sameText = map[string][]string{
	"b-dns-nxdomain":          {"b-dns-servfail"},
	"f-expired":               {"f-not-yet-valid", "f-clock-skew"},
	"a-probe-status-mismatch": {"e-plain-to-tls"},
}

// openReasons are reasons of backend health that several causes have.
var openReasons = map[string][]string{
	"tcp_connect":        {"b-refused", "b-drop", "b-route", "b-reject", "i-wrong-port", "a-probe-port"},
	"probe_timeout":      {"d-hung", "g-cpu-queueing", "b-drop", "a-probe-timeout-short"},
	"health_unknown":     {"a-health-unknown", "b-infra-ports", "b-dns-nxdomain"},
	"cert_verify_failed": {"f-unknown-ca", "f-key-usage", "f-expired"},
	"tls_handshake":      {"f-version", "f-cipher", "f-client-cert", "e-tls-to-plain"},
	"tls_alert":          {"f-client-cert", "f-sni-required", "f-cipher", "f-version"},
	"connection_closed":  {"e-plain-to-tls", "e-foreign-service", "a-probe-blocked", "c-restart"},
	"invalid_response":   {"e-plain-to-tls", "e-foreign-service", "e-bad-header"},
}

func (c change) text() string {
	return strings.TrimSpace("down since " + stamp(c.at) + ": " + c.reason + " " + c.code)
}
