package probes

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"causeway/internal/diagnose/health"
	"causeway/internal/diagnose/inference"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/fault"
	"causeway/internal/gateway"
	"causeway/internal/report"
	"causeway/internal/stats"
	"causeway/internal/units"
)

// AllUnhealthyFailClosed recognises a-all-unhealthy-fail-closed: no member of the pool is healthy.
var AllUnhealthyFailClosed = inference.Analyzer{
	Name: "a-all-unhealthy-fail-closed", Requires: inference.Log,
	Doc: "no member was chosen because none was healthy; what the probes met is the cause",
	Run: nobodyHealthy,
}

// nobodyHealthy: probes had taken every member out. What the probes met is the cause.
func nobodyHealthy(c *inference.Case) {
	keys, groups := traffic.GroupBy(c.Unclaimed(func(e *traffic.Event) bool { return e.Fault.Kind == fault.NoHealthy }),
		(*traffic.Event).PoolKey)
	for _, k := range keys {
		byCause := map[string][]*traffic.Event{}
		var order []string
		for _, e := range groups[k] {
			id := causeInDocument(c, e, inference.CauseOfReason(c.Traffic.ReasonAt(e)))
			if byCause[id] == nil {
				order = append(order, id)
			}
			byCause[id] = append(byCause[id], e)
		}
		for _, id := range order {
			takenOut(c, id, k.Pool, k.Settings, byCause[id])
		}
	}
}

// causeInDocument narrows a cause by what the document says of the probe.
func causeInDocument(c *inference.Case, e *traffic.Event, id string) string {
	if id == "a-probe-status-mismatch" && received(c, e) == http.StatusTooManyRequests { // only something that counts requests answers this
		return "a-probe-blocked"
	}
	if id == "a-probe-timeout-short" && illToo(c, e) {
		return "a-all-unhealthy-fail-closed"
	}
	if c.Traffic.Config == nil {
		return id
	}
	s := c.Traffic.Config.Setting(e.Settings)
	if s == nil {
		return id
	}
	p := c.Traffic.Config.Probe(s.Probe)
	switch {
	case p != nil && p.Protocol != "" && !strings.EqualFold(p.Protocol, s.Protocol) && otherProtocol(c, e, id):
		return "a-probe-protocol"
	case id == "b-refused" && p != nil && p.Port > 0 && p.Port != s.Port && !illToo(c, e):
		return "a-probe-port"
	case id == "a-probe-status-mismatch" && received(c, e) == http.StatusNotFound && foreignHost(p, s) && !wasWell(c, e) &&
		servesPage(c, e.Settings):
		return "a-probe-host-mismatch"
	}
	return id
}

// otherProtocol reports whether what a probe met, by its cause, may be a port that speaks another protocol; a server that refuses
// connections, or is not found, speaks none.
func otherProtocol(c *inference.Case, e *traffic.Event, id string) bool {
	switch id {
	case "a-probe-status-mismatch":
		n := received(c, e)
		return n == 0 || n == http.StatusBadRequest
	case "a-all-unhealthy-fail-closed", "e-plain-to-tls", "e-tls-to-plain", "e-foreign-service", "e-alpn":
		return true
	}
	return false
}

// illToo reports whether users, too, were served badly while the probes of an event's pool failed, before they took the
// members out.
func illToo(c *inference.Case, e *traffic.Event) bool {
	p := c.Probing(e.Settings)
	for _, t := range c.Traffic.HistoriesUnder(e.Pool, e.Settings) {
		if change, known := t.At(e.At); known && !change.Up {
			good, bad := c.GoodBetween(e.PoolKey(), change.At.Add(-p.Timeout-max(p.Interval, p.Notices())), change.At)
			return bad >= stats.MinEvents && bad*10 > good
		}
	}
	return false
}

// wasWell reports whether a member of the event's pool had been healthy before: what the document says was good enough then.
func wasWell(c *inference.Case, e *traffic.Event) bool {
	return slices.ContainsFunc(c.Traffic.HistoriesUnder(e.Pool, e.Settings), func(t *health.History) bool {
		return slices.ContainsFunc(t.Changes, func(change health.Change) bool { return change.Up && change.At.Before(e.At) })
	})
}

// servesPage reports whether users got the very page of the probe: then the page is not missing.
func servesPage(c *inference.Case, settings string) bool {
	page := traffic.Template([]byte(c.Probing(settings).Path))
	for k, r := range c.Traffic.Routes {
		if k.Settings == settings && k.Path == page && r.Answered > r.NotFound {
			return true
		}
	}
	return false
}

// foreignHost reports whether the probe uses a host that no site has: none was set, so it is the loopback address.
func foreignHost(p *gateway.Probe, s *gateway.Settings) bool {
	if s.HostName != "" || s.PickHostFromAddress {
		return p != nil && !p.PickHostFromSettings && Loopback(p.Host)
	}
	return p == nil || Loopback(p.Host) || p.PickHostFromSettings
}

// Loopback reports whether a probe's host is the local one, or none.
func Loopback(host string) bool { return host == "" || host == "127.0.0.1" || host == "localhost" }

var receivedStatus = regexp.MustCompile(`(?i)(?:received:?|invalid status code:?)\s*(\d{3})`)

// received is the status that the probe of an event's pool met, where backend health has it; otherwise 0.
func received(c *inference.Case, e *traffic.Event) int {
	for i := range c.Traffic.Histories {
		t := &c.Traffic.Histories[i]
		if !strings.EqualFold(t.Pool, e.Pool) || !strings.EqualFold(t.Settings, e.Settings) {
			continue
		}
		if change, known := t.At(e.At); known && change.Status() > 0 {
			return change.Status()
		}
		if n := receivedIn(t); n > 0 {
			return n
		}
	}
	return 0
}

// receivedIn is the status that the last probe of a member got, where backend health has it; otherwise 0.
func receivedIn(t *health.History) int {
	if x := t.Now.Causeway; x != nil && x.Received > 0 {
		return x.Received
	}
	n := 0
	if m := receivedStatus.FindStringSubmatch(t.Now.Detail); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	return n
}

// takenOut reports the failures of a pool without healthy members.
func takenOut(c *inference.Case, id, pool, settings string, events []*traffic.Event) {
	members, details := downMembers(c, pool, settings, events)
	partly := !c.HaveHistory() && c.Traffic.SomeHealthy(pool, settings)
	if partly { // what is wrong with some now did not take all of them out then
		id = "a-all-unhealthy-fail-closed"
	}
	stale := !c.HaveHistory() && !lastsToTheEnd(c, events)
	confidence := inference.ConfidenceOf(len(members) > 0 && !unsure[id] && !stale)
	scope := report.Scope{Pool: pool, Settings: settings}
	if len(members) == 1 && !partly {
		scope.Member = members[0]
	}
	f := c.ClaimMore(id, events, scope, confidence)
	f.AddEvidence("access-log", fmt.Sprintf("%d requests to %s found no healthy member", len(events), inference.PoolName(pool)), events...)
	for i := range members {
		f.AddEvidence("backend-health", members[i]+": "+details[i])
	}
	if stale && c.Traffic.Health != nil {
		f.AddEvidence("backend-health",
			"this report is of another time than the failures, which had ended: the reason may have been another then")
	}
	rivalsBehind(c, f, events, stale)
	if hasMembers(c, pool) {
		f.RuleOut("i-empty-pool", "the pool has members")
	} else {
		if f.AddOpenRivals("i-empty-pool"); pool == "" && hasEmptyPool(c) { // it may be that one
			f.Confidence = report.Low
		}
	}
	f.SetExpected("backend", len(events), len(events), "exact",
		"once a member is healthy these requests have somewhere to go; whether they then succeed is another question")
	f.SetExpected("gateway", len(events), len(events), "exact",
		"once a member is healthy these requests have somewhere to go; whether they then succeed is another question")
	at := scope.Member
	if !partly && len(members) <= 4 && len(otherReasons(c, id, events)) == 0 {
		at = strings.Join(members, " and ")
	}
	c.Expand(map[string]string{"address": at}, f)
}

// unsure are causes for which the words of a report stand, and others as well.
var unsure = map[string]bool{"a-probe-timeout-short": true, "a-health-unknown": true, "a-probe-port": true, "f-cipher": true}

// rivalsBehind names what else may have taken the members of a pool out.
func rivalsBehind(c *inference.Case, f *inference.Finding, events []*traffic.Event, stale bool) {
	pool, settings := events[0].Pool, events[0].Settings
	f.AddOpenRivals(c.MovedAway(events)...)
	if f.Cause == "a-all-unhealthy-fail-closed" || stale {
		f.AddOpenRivals(behindUnhealthy(c, pool, settings)...)
	}
	f.AddOpenRivals(otherReasons(c, f.Cause, events)...)
	if f.AddOpenRivals(alsoBehind[f.Cause]...); !c.HaveHistory() {
		f.AddOpenRivals(sameText[f.Cause]...)
	}
	if !c.HaveHistory() || f.Cause == "a-probe-status-mismatch" {
		f.AddOpenRivals(byTurns(c, events)...)
	}
	if f.Cause == "a-probe-status-mismatch" && received(c, events[0]) == http.StatusForbidden {
		f.AddOpenRivals("a-probe-blocked")
	}
	if f.Cause == "a-probe-status-mismatch" && received(c, events[0]) == http.StatusNotFound {
		f.AddOpenRivals("a-probe-host-mismatch")
	}
	if f.Cause == "a-probe-status-mismatch" && illToo(c, events[0]) {
		f.AddOpenRivals("g-dependency-down")
	}
	if f.Cause == "b-refused" && c.Traffic.AnsweredBetween(events[0].PoolKey(), c.Traffic.From, c.Traffic.To) == 0 {
		f.AddOpenRivals("i-wrong-port")
	}
}

// otherReasons are the causes for which other members of the events' pool were out when none was healthy.
func otherReasons(c *inference.Case, id string, events []*traffic.Event) (out []string) {
	for _, t := range c.Traffic.HistoriesUnder(events[0].Pool, events[0].Settings) {
		change, known := t.At(events[0].At)
		if !known {
			change, known = health.Now(t)
		}
		if other := inference.CauseOfReason(change); known && !change.Up && other != id &&
			other != inference.CauseOfReason(c.Traffic.ReasonAt(events[0])) && !slices.Contains(out, other) {
			out = append(out, other)
		}
	}
	return out
}

// hasMembers reports whether a pool is known to have members: by the document, or else by backend health or by answers.
func hasMembers(c *inference.Case, pool string) bool {
	if c.Traffic.Config != nil {
		if p := c.Traffic.Config.Pool(pool); p != nil {
			return len(p.Members) > 0
		}
	}
	if pool == "" {
		return false
	}
	for i := range c.Traffic.Histories {
		if strings.EqualFold(c.Traffic.Histories[i].Pool, pool) {
			return true
		}
	}
	for _, r := range c.Traffic.Routes {
		if strings.EqualFold(r.Pool, pool) && r.Answered > 0 {
			return true
		}
	}
	return false
}

// downMembers are the members of a pool that were down at some time of the events, with what had taken them out then.
// What they are now says nothing of that time, unless nothing else is known.
func downMembers(c *inference.Case, pool, settings string, events []*traffic.Event) (members, details []string) {
	from, to := events[0].Start, events[len(events)-1].At
	for i := range c.Traffic.Histories {
		t := &c.Traffic.Histories[i]
		if !strings.EqualFold(t.Pool, pool) || !strings.EqualFold(t.Settings, settings) {
			continue
		}
		detail := ""
		if change, known := t.At(from); known && !change.Up {
			detail = Text(change)
		} else if change, down := t.WentDown(from, to); down {
			detail = Text(change)
		} else if len(t.Changes) == 0 && !strings.EqualFold(t.Now.Health, "Up") && !strings.EqualFold(t.Now.Health, "Healthy") {
			detail = t.Now.Detail
		}
		if detail != "" {
			members, details = append(members, t.Member), append(details, detail)
		}
	}
	return members, details
}

// lastsToTheEnd reports whether the failures of a pool went on to the end of the evidence, so that a report of health as it
// is now tells of them too.
func lastsToTheEnd(c *inference.Case, events []*traffic.Event) bool {
	last := events[len(events)-1]
	return c.Traffic.AnsweredBetween(last.PoolKey(), last.At.Add(2*stats.BinWidth+last.Resolution()), c.Traffic.To) == 0
}

// behindUnhealthy are the causes that may have taken the members of a pool out, where their reason does not decide.
func behindUnhealthy(c *inference.Case, pool, settings string) []string {
	out := []string{}
	for i := range c.Traffic.Histories {
		t := &c.Traffic.Histories[i]
		if !strings.EqualFold(t.Pool, pool) || !strings.EqualFold(t.Settings, settings) {
			continue
		}
		for _, id := range openReasons[health.ReasonOfDetail(t.Now)] {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	if len(out) == 0 {
		out = append(out, "a-probe-status-mismatch", "a-probe-timeout-short", "b-refused", "b-drop", "b-dns-nxdomain", "e-foreign-service")
		if s := c.Setting(settings); s == nil || s.Protocol == "Https" {
			out = append(out, "f-expired", "f-unknown-ca", "f-client-cert", "f-name-mismatch", "f-version", "f-cipher", "f-sni-required",
				"e-tls-to-plain")
		} else {
			out = append(out, "e-plain-to-tls")
		}
	}
	return out
}

// byTurns are what may have taken all members out, by how often it happened: once for a while, or again and again.
func byTurns(c *inference.Case, events []*traffic.Event) []string {
	k, turns, last := events[0].PoolKey(), c.Traffic.Turns(events), events[len(events)-1]
	switch {
	case turns >= 3:
		return []string{"a-flap-threshold", "a-probe-timeout-short"}
	case c.Traffic.AnsweredBetween(k, c.Traffic.From, events[0].Start) > 0 && c.Traffic.AnsweredBetween(k, last.At, c.Traffic.To) > 0:
		return []string{"a-probe-too-deep", "c-deploy-no-drain", "a-flap-threshold"}
	case c.Traffic.AnsweredBetween(k, c.Traffic.From, c.Traffic.To) > 0:
		return []string{"a-flap-threshold"}
	}
	return nil
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

// Text says since when a member is down, for which reason and, where known, with which code.
func Text(c health.Change) string {
	return strings.TrimSpace("down since " + units.Stamp(c.At) + ": " + c.Reason + " " + c.Code)
}

// hasEmptyPool reports whether the document has a pool without members.
func hasEmptyPool(c *inference.Case) bool {
	return c.Traffic.Config != nil && slices.ContainsFunc(c.Traffic.Config.Pools, func(p gateway.Pool) bool { return len(p.Members) == 0 })
}
